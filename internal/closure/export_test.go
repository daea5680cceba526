package closure

// Versions are those that the tests compare, here and in Nix.
func Versions() []string { return versions() }
