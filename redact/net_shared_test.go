package redact

// positive is a text in which a detector must find one value.
type positive struct {
	detector   string
	key        string
	text       string
	start, end int // the value, in text
}
