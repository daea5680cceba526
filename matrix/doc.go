// Package matrix turns what a flake offers into cells and a grid.
//
// It knows no Nix and starts nothing: somebody else lists the attribute names
// (an [Inventory]), and [New] makes of them one [Cell] for each thing that can
// be evaluated and built, and a [Grid] of hosts and users they stand in.
// [Matrix.Select] then keeps what a person asked for, [Matrix.Shard] a fixed
// part of it, [Matrix.Strategy] hands the parts to GitHub's jobs and
// [Matrix.Rows] lays the grid out for a table.
//
// Everything is deterministic. The order in which an inventory is filled never
// shows, so two machines that look at the same revision agree on every cell,
// its place and its shard.
//
// # Ids
//
// A cell's id is its kind and its name, with slashes between: nixos/reason,
// home/joachim@reason, check/x86_64-linux/fmt. Names stand as they are in the
// flake, except that a slash, a control character, a byte that is no UTF-8 and
// a percent sign that would look like an escape are written %XX. So an id is
// one line, has a known number of slashes, and no two cells share one.
//
// # Whose home is it
//
// The home with the key joachim@reason is joachim's on reason. A key without
// "@" is bare: its user is config.home.username where that was asked, else the
// key, and if the key is the user's name it serves every host on which that
// user has no home of his own, just as home-manager's own command falls back
// from user@host to user. A home that a host embeds with home-manager's NixOS
// module counts as the user's own on that host.
//
// A home for a host the flake does not have is an orphan. A flake with no host
// at all has no orphans: there are people who manage only homes with Nix, and
// for them the part after the "@" is simply the row.
package matrix
