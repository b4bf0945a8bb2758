package redact

import "bytes"

// findManifestSecrets appends the values under data: and stringData: of a Kubernetes
// Secret in YAML: whatever their names are, they are secrets.
func findManifestSecrets(d *detector, b []byte, hits []hit) []hit {
	data := -1 // the indentation of data:, or -1
	block := -1
	for start := 0; start < len(b); {
		end := len(b)
		if at := bytes.IndexByte(b[start:], '\n'); at >= 0 {
			end = start + at
		}
		line := b[start:end]
		trimmed := bytes.TrimSpace(line)
		indent := len(line) - len(bytes.TrimLeft(line, " \t"))
		from := start + indent
		start = end + 1
		if len(trimmed) == 0 || trimmed[0] == '#' {
			continue
		}
		switch {
		case indent <= data:
			data, block = -1, -1
		case block >= 0 && indent > block:
			hits = appendManifestValue(d, b, from, from+len(trimmed), hits)
			continue
		default:
			block = -1
		}
		if string(trimmed) == "data:" || string(trimmed) == "stringData:" {
			data = indent
			continue
		}
		name := nameChars.run(trimmed, 0)
		if data < 0 || name == 0 || name == len(trimmed) || trimmed[name] != ':' {
			continue
		}
		switch v := bytes.TrimSpace(trimmed[name+1:]); {
		case len(v) == 0:
		case v[0] == '|' || v[0] == '>':
			block = indent
		default:
			to := from + len(trimmed)
			hits = appendManifestValue(d, b, to-len(v), to, hits)
		}
	}
	return hits
}

// secretManifest reports whether b has a line that says kind: Secret.
func secretManifest(b []byte) bool {
	for {
		at := bytes.Index(b, []byte("kind:"))
		if at < 0 {
			return false
		}
		b = b[at+len("kind:"):]
		v := bytes.TrimLeft(b[:min(len(b), 16)], " \t\"'")
		if hasFoldPrefix(v, "secret") && (len(v) == len("secret") || !wordChars.has[v[len("secret")]]) {
			return true
		}
	}
}

func appendManifestValue(d *detector, b []byte, start, end int, hits []hit) []hit {
	if end-start >= 2 && (b[start] == '"' || b[start] == '\'') && b[end-1] == b[start] {
		start, end = start+1, end-1
	}
	if standIn(b[start:end]) {
		return hits
	}
	return append(hits, hit{start: start, end: end, d: d, why: "data of a Kubernetes Secret"})
}
