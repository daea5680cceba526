// Package proc starts processes that end with flakeci. No other package starts processes; a
// test of the tree enforces that.
//
// [Cmd.Run] starts a program as the leader of its own process group, passes on its output line
// by line, and returns when it has ended. The program has no terminal: the kernel stops
// background processes that read from one, so git or ssh would ask there forever, and Run would
// wait. When the context ends, the group gets SIGINT, so that Nix can stop its builders and
// remove its temporary files, and SIGKILL after the grace time or when the channel of
// [WithKill] is closed.
//
// No process in the group outlives Run: when the leader has ended, the rest of the group is
// killed. On Linux the leader also gets SIGKILL when flakeci dies for any reason. Processes
// that left the group (a daemon, an ssh master connection) live on, but Run returns even if
// they hold a pipe open.
//
// [Cmd.Supervised] does more, for programs like a script that starts QEMU and its helpers. The
// program runs below a supervisor, which is flakeci's own binary and adopts all orphans below
// it. When the program has ended or flakeci is gone, the supervisor searches /proc for its
// descendants and kills them until none are left. It cannot kill:
//
//   - processes that others start on request (nix-daemon, systemd, docker);
//   - processes of another user, as after sudo, unless flakeci is root;
//   - processes outside the group, if both flakeci and the supervisor are killed with SIGKILL;
//     if only the supervisor is, flakeci adopts its orphans and kills them;
//   - processes that fork and exit faster than /proc can be read, while their luck lasts, and
//     those that hang in the kernel; Run waits for both, or the supervisor if flakeci is gone;
//   - processes outside the group, if /proc belongs to another pid namespace.
package proc
