package matrix

import "strings"

// Suggest returns the known name that was probably meant, or "": the one with the fewest typing
// errors, else the only one that contains what was typed (such as home/joachim@reason for
// joachim@reason).
func Suggest(name string, known []string) string {
	best, fewest := "", 1+(len([]rune(name))+2)/3
	for _, k := range known {
		if d := typos(strings.ToLower(name), strings.ToLower(k), fewest); d < fewest {
			best, fewest = k, d
		}
	}
	if best != "" || name == "" {
		return best
	}
	for _, k := range known {
		if strings.Contains(strings.ToLower(k), strings.ToLower(name)) {
			if best != "" {
				return ""
			}
			best = k
		}
	}
	return best
}

// typos counts the letters to add, drop, change or swap with their neighbor to turn a into b (the
// optimal string alignment distance). If the lengths alone show that it is at least limit, it
// returns limit.
func typos(a, b string, limit int) int {
	s, t := []rune(a), []rune(b)
	if len(s)-len(t) >= limit || len(t)-len(s) >= limit {
		return limit
	}
	before, last, row := make([]int, len(t)+1), make([]int, len(t)+1), make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(s); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(t); j++ {
			row[j] = min(last[j], row[j-1]) + 1
			if s[i-1] == t[j-1] {
				row[j] = min(row[j], last[j-1])
			} else {
				row[j] = min(row[j], last[j-1]+1)
			}
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(t)]
}
