package closure

// Versions returns the versions that the tests compare, here and in Nix.
func Versions() []string { return versions() }
