// Package proc starts processes and makes sure that they end. It is the only
// package of flakeci that does, and a test of the tree holds it to that.
//
// [Cmd.Run] starts one program as the leader of a process group of its own,
// hands on what it writes line by line while it runs, and returns when it is
// over. The context ends it early: the whole group gets SIGINT, so that Nix can
// stop its builders and remove its temporary files, and SIGKILL when the grace
// time is over or when the channel given to [WithKill] says so.
//
// Nothing that stays in the group outlives Run: when the leader is gone, the
// rest of the group is killed. Nothing of it outlives flakeci either as far as
// the leader goes, which on Linux gets SIGKILL when flakeci dies, however that
// happens. What left the group (a daemon, an ssh master connection) lives on,
// but cannot keep Run from returning by holding a pipe open.
package proc
