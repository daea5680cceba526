// Package live shows a run in progress on a terminal: the grid filling up, what runs and for
// how long, what failed, and the log of any builder.
//
// Events go into a [board] and no further, so that neither a slow terminal nor a builder
// that writes without end can hold up a run. A few times a second the [model] looks whether
// the board or the clock has changed, and draws.
package live
