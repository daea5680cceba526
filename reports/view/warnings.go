package view

import "github.com/flakeci/flakeci/result"

// ShownWarnings is how many warnings of the flake a terminal shows: they change no verdict, and an
// old nixpkgs can have hundreds.
const ShownWarnings = 3

// Warnings separates the warnings about the run as a whole from those of the flake, which name the
// cells that they concern.
func Warnings(r result.Report) (ofRun, ofFlake []result.Warning) {
	for _, w := range r.Warnings {
		if len(w.Cells) == 0 {
			ofRun = append(ofRun, w)
		} else {
			ofFlake = append(ofFlake, w)
		}
	}
	return ofRun, ofFlake
}
