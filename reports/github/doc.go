// Package github shows a report on GitHub.
//
// [Publish] keeps one comment on the pull request up to date, makes a check run with
// annotations on the user's files, adds to the summary of the job, and keeps an issue about
// the nightly run. What GitHub does not allow is reported but is not an error: a green run
// does not turn red because a token may only read.
package github
