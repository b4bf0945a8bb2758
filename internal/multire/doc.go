// Package multire looks for many regular expressions at once.
package multire
