package reports

// markdownMark is the first line of a markdown report that is a file. It is not shown.
const markdownMark = "<!-- flakeci report -->\n"
