// Package matrix turns what a flake offers into cells and a grid.
//
// The package runs no Nix and starts no process. From a list of attribute names (an
// [Inventory]), [New] makes a [result.Cell] for each thing that can be evaluated and built, and a
// [Grid] of their hosts and users. [Matrix.Select] then keeps what the user selected,
// [Matrix.Shard] keeps a fixed part, [Matrix.Strategy] distributes all parts to the jobs of a
// workflow, and [Matrix.Rows] lays the grid out for a table.
//
// Everything is deterministic and independent of the order of the inventory, so two machines
// with the same revision agree on every cell, its place and its shard.
//
// # Ids
//
// A cell's id is its kind and its name, separated by slashes: nixos/reason,
// home/joachim@reason, check/x86_64-linux/fmt. Names are as in the flake, except that a slash, a
// control character, a byte that is not UTF-8 and a percent sign that would look like an escape
// are written %XX. So an id is one line, has a known number of slashes, and belongs to one cell.
//
// # Users and hosts of homes
//
// The home with the key joachim@reason is joachim's on reason: on the host with that key or else,
// among the hosts that were asked ([Inventory.Infos], [Matrix.WithInfos]), on the first whose
// networking.hostName, networking.fqdn or name without the domain is reason. A home whose key has
// no "@" is bare: its user is config.home.username if that is known, else the key. If the key is
// the user's name, the home serves every host on which that user has no home of their own, just as
// the command home-manager falls back from user@host to user. It does not serve a NixOS host that
// declares accounts for people but none for that user. A home that a host embeds with
// home-manager's NixOS module counts as the user's own on that host. A bare home that serves no
// host has no place in the grid.
//
// A home for a host that the flake does not have is an orphan. A flake without any host has no
// orphans: some people manage only homes with Nix, and for them the part after the "@" is
// simply the row.
package matrix
