package nix

// Fingerprint tells the flake with all its inputs from any other, and any other
// state of it: a tree that was not committed counts by its content.
func (f Flake) Fingerprint() string { return hashOf(f.identity()...) }
