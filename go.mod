module github.com/flakeci/flakeci

go 1.25.0
