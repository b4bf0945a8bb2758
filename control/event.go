package control

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/flexorhq/flexor-go/rbac"
)

// A line of the governance log is
//
//	{"event":<payload>,"sig":"<86 characters>","salt":"<22 characters>"}
//
// where the ledger adds the salt. sig is the Ed25519 signature, in base64url
// without padding, of signingPrefix and the payload, byte for byte as it stands
// in the line: what precedes and follows the payload has a fixed length, so no
// parser decides where it begins and ends. The payload is in the one form in
// which [payload.encode] writes it.
const (
	eventField = `{"event":`
	sigField   = `,"sig":"`
	saltField  = `","salt":"`
	sigSize    = 86
	saltSize   = 22
	lineEnd    = `"}`

	// signingPrefix keeps what is signed here apart from all else that the same keys
	// sign. It holds spaces, which the origin of a log cannot, so it is no checkpoint.
	signingPrefix = "flexor governance event v1\n"

	// maxPayload bounds what an actor can make everybody else read.
	maxPayload = 16 << 10
)

// payload is what is signed of an event.
type payload struct {
	Kind string `json:"kind"`
	// Critical says that a reader who does not know the kind must not go on.
	Critical bool `json:"critical,omitempty"`

	// Log, Size and Root are the place for which the event was signed: the log's
	// origin, and the size and root of its tree before the event. An event that
	// stands anywhere else was put there by somebody else.
	Log  string `json:"log"`
	Size uint64 `json:"size"`
	Root string `json:"root"`

	At     time.Time       `json:"at"`
	By     rbac.Subject    `json:"by,omitzero"`
	Key    string          `json:"key,omitempty"` // empty: the log's own key signed
	Role   rbac.Role       `json:"role,omitzero"`
	Grant  *uint64         `json:"grant,omitempty"`
	Reason string          `json:"reason,omitempty"`
	Body   json.RawMessage `json:"body"`
}

// event is a line of the log, taken apart.
type event struct {
	payload
	signed []byte // what the signature is of
	sig    []byte

	// provenBy is the public key that the signature was found to be of. Nil: not
	// looked at, or wrong.
	provenBy ed25519.PublicKey
}

// encode returns the one encoding of v, without a newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decode reads what encode wrote, and nothing else: neither another spelling of
// it nor members that are not known.
func decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	again, err := encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return errors.New("not in the form in which it is written")
	}
	return nil
}

// parseEvent takes a line of the log apart. It checks its form only.
func parseEvent(line []byte) (*event, error) {
	const tail = len(sigField) + sigSize + len(saltField) + saltSize + len(lineEnd)
	end := len(line) - tail
	if end < len(eventField) || !bytes.HasPrefix(line, []byte(eventField)) {
		return nil, errors.New("not an event")
	}
	rest := line[end:]
	sigEnd := len(sigField) + sigSize
	if !bytes.HasPrefix(rest, []byte(sigField)) || !bytes.HasPrefix(rest[sigEnd:], []byte(saltField)) {
		return nil, errors.New("no signature where one must stand")
	}
	data := line[len(eventField):end]
	if len(data) > maxPayload {
		return nil, fmt.Errorf("an event of %d bytes, more than %d", len(data), maxPayload)
	}
	e := &event{signed: append([]byte(signingPrefix), data...)}
	var err error
	if e.sig, err = base64.RawURLEncoding.Strict().DecodeString(string(rest[len(sigField):sigEnd])); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	if err := decode(data, &e.payload); err != nil {
		return nil, err
	}
	if _, offset := e.At.Zone(); offset != 0 {
		return nil, errors.New("a time that is not in UTC")
	}
	return e, nil
}

// A signFunc returns the signature of a message.
type signFunc func(message []byte) ([]byte, error)

// seal returns the event's line, without the salt, and the event.
func (p *payload) seal(sign signFunc) (line []byte, e *event, err error) {
	data, err := encode(p)
	if err != nil {
		return nil, nil, err
	}
	if len(data) > maxPayload {
		return nil, nil, fmt.Errorf("%w: an event of %d bytes, more than %d", ErrInvalid, len(data), maxPayload)
	}
	e = &event{payload: *p, signed: append([]byte(signingPrefix), data...)}
	if e.sig, err = sign(e.signed); err != nil {
		return nil, nil, err
	}
	if len(e.sig) != ed25519.SignatureSize {
		return nil, nil, fmt.Errorf("control: a signature of %d bytes is none of Ed25519", len(e.sig))
	}
	line = append([]byte(eventField), data...)
	line = append(line, sigField...)
	line = base64.RawURLEncoding.AppendEncode(line, e.sig)
	return append(line, lineEnd...), e, nil
}

// by returns the signFunc of a person's or a service's key.
func by(key rbac.APIKey) signFunc {
	return func(message []byte) ([]byte, error) { return key.Sign(message), nil }
}

// prove checks the signature with the public key of who is said to have signed.
func (e *event) prove(key ed25519.PublicKey) bool {
	if len(key) != ed25519.PublicKeySize {
		return false
	}
	if !bytes.Equal(e.provenBy, key) && ed25519.Verify(key, e.signed, e.sig) {
		e.provenBy = key
	}
	return bytes.Equal(e.provenBy, key)
}

// isLogs checks that the log's own key signed.
func (e *event) isLogs(v note.Verifier) bool { return v.Verify(e.signed, e.sig) }
