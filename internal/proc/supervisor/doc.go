// Package supervisor is the process between flakeci and a program whose descendants must not
// outlive either.
//
// A program that imports this package becomes a supervisor if it is started as [Name], with [Flag]
// and the command to run as arguments, and one end of a pair of sockets open as [Link]. It starts
// the program, forwards signals and reports how the program ended. It adopts orphans below it,
// whatever their group or session. Once the program has ended and flakeci says so, or flakeci is
// gone, it kills them all, together with processes that they start in the meantime.
package supervisor
