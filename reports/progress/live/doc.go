// Package live shows a run in progress on a terminal: the grid filling up, what runs and for
// how long, what failed, and the log of any builder.
//
// Events only update a [board], so neither a slow terminal nor a builder with endless
// output can hold up a run. A few times a second the [model] checks whether the board or
// the clock has changed, and redraws.
package live
