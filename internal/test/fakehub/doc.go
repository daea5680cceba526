// Package fakehub is a small stand-in for GitHub's REST API, for flakeci's own tests
// and testscripts and for nothing else.
//
// A [Hub] is one repository with its pull requests, issues, comments, check runs and
// commit statuses, and says yes and no as GitHub does. [Start] serves it on loopback.
// Whether its answers are GitHub's, and whether what it is asked is what GitHub
// takes, is not for it to say: Start puts prism, a program of others, in between,
// which holds both against GitHub's own description of its API:
//
//	client ─▶ faults and record ─▶ prism ─▶ state
//
// Faults come first because no description has them: connections that break, answers
// that are lost after what was asked for was done.
package fakehub
