package markdown

// Marker is the first line of a markdown report that is a file. It is not shown.
const Marker = "<!-- flakeci report -->\n"
