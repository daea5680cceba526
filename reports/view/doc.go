// Package view prepares a report for the forms that show it to people.
package view
