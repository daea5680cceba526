// Package view holds what the forms of a report share.
package view
