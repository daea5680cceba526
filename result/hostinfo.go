package result

// HostInfo is what the configuration of a host says about its names and accounts.
type HostInfo struct {
	HostName string `json:"hostName,omitempty"` // networking.hostName
	FQDN     string `json:"fqdn,omitempty"`     // networking.fqdn
	// Accounts are the users that the host declares. It is empty if the host declares no person:
	// people can also make accounts on the machine.
	Accounts []string `json:"accounts,omitempty"`
}

// IsZero reports whether the configuration says nothing.
func (h HostInfo) IsZero() bool { return h.HostName == "" && h.FQDN == "" && len(h.Accounts) == 0 }
