// Package supervisor is the process between flakeci and a program whose descendants must
// not outlive either.
//
// Whatever imports this package can be started as a supervisor: with [Name] as its name,
// [Flag] and what to start as its arguments, and [Link] as an open end of a pair of
// sockets. It starts the program, hands on signals and reports how the program ended. It is
// the parent that orphans below it get, whatever group or session they are in, and kills
// them all, and all that they start meanwhile, once the program has ended and flakeci says
// so, or when flakeci is gone.
package supervisor
