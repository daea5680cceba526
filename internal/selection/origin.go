package selection

// Origin returns the name of the file that set a flag, or "" for the command line. A nil
// Origin is for flags that are all from the command line.
type Origin func(flag string) (file string)

// InFile reports whether the file set a flag that has a value.
func (o Origin) InFile(flag string) bool { return o != nil && o(flag) != "" }

// Key returns the name of a flag in the file.
func Key(flag string) string {
	if flag == "vm" {
		return "vm.hosts"
	}
	return flag
}

// Name returns a flag as it was set: --host, or host in flakeci.toml.
func (o Origin) Name(flag string) string {
	if o.InFile(flag) {
		return Key(flag) + " in " + o(flag)
	}
	return "--" + flag
}

// overridden reports whether a flag on the command line leaves out what another one in the
// file selects, which is not an error.
func (o Origin) overridden(flag, by string) bool { return o.InFile(flag) && !o.InFile(by) }
