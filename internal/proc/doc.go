// Package proc starts processes and makes sure that they end. It is the only
// package of flakeci that does, and a test of the tree holds it to that.
//
// [Cmd.Run] starts one program as the leader of a process group of its own, hands
// on what it writes line by line while it runs, and returns when it is over. It has
// no terminal: what git or ssh ask for there would never be answered, as the kernel
// stops whoever asks from the background, and Run would wait for them. The context
// ends it early: the whole group gets SIGINT, so that Nix can stop its builders and
// remove its temporary files, and SIGKILL when the grace time is over or when the
// channel given to [WithKill] says so.
//
// Nothing that stays in the group outlives Run: when the leader is gone, the
// rest of the group is killed. Nothing of it outlives flakeci either as far as
// the leader goes, which on Linux gets SIGKILL when flakeci dies, however that
// happens. What left the group (a daemon, an ssh master connection) lives on,
// but cannot keep Run from returning by holding a pipe open.
//
// Where that is not enough there is [Cmd.Supervised], for a program like a
// script that starts QEMU and its helpers. It runs below a supervisor, which is
// flakeci's own binary once more, and which the kernel gives all orphans below
// it. When the program is over, or flakeci is gone, the supervisor looks through
// /proc and kills whatever descends from it until there is nothing. What still
// escapes:
//
//   - what the program asks others to start (nix-daemon, systemd, docker);
//   - what another user runs by then, as sudo does, if flakeci is not root;
//   - what left the group, if both flakeci and the supervisor are killed with SIGKILL;
//     if the supervisor alone is, flakeci gets its orphans and kills them;
//   - what forks and ends faster than /proc can be read, for as long as it is
//     lucky, and what hangs in the kernel, for as long as it hangs. Run waits
//     for them; if flakeci is gone, the supervisor alone does;
//   - what left the group, where /proc is that of another pid namespace.
package proc
