package git

// AskWithin runs git with a limit that a test can wait for.
var AskWithin = (*Repo).gitWithin
