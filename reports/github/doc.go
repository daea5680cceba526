// Package github shows a report on GitHub: as one comment on the pull request that
// is kept up to date, as a check run with annotations on the lines of the user's
// files, as the summary of the job, and as an issue about the nightly run.
//
// What GitHub does not let it do is said and is no error: a green run does not turn
// red because a token may only read. [Publish] is the way in.
package github
