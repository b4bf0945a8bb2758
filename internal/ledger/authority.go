package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/mod/sumdb/note"
)

// authority tells what the log's key vouches for from what somebody made who has
// only the right to write the files.
//
// Whoever holds the signing key also has a key for the macs of commit lines, which
// are made and checked a hundred times faster than signatures: those who append
// believe a line by its mac. Everybody else goes by signatures.
type authority struct {
	note.Verifier
	v1  bool    // the log is a flexor.ledger/v1
	key *macKey // nil: the signing key is not held, or v1, which has no macs
}

// mac is a message authentication code.
type mac [sha256.Size]byte

// macKey makes macs with HMAC-SHA-256. It is not safe for concurrent use.
type macKey struct {
	secret [sha256.Size]byte
	hash   hash.Hash
	mac    mac // scratch
}

// newMACKey derives the key for macs from a signer: it is the hash of a signature
// that is never published, over a text that is no checkpoint. All who hold the
// signing key get the same one, because Ed25519 has one signature for a text (RFC 8032,
// section 5.1.6).
func newMACKey(s note.Signer) (*macKey, error) {
	text := []byte("flexor commit mac v1\n" + s.Name() + "\n")
	var sigs [2][]byte
	for i := range sigs {
		var err error
		if sigs[i], err = s.Sign(text); err != nil {
			return nil, fmt.Errorf("ledger: derive the key for commits: %w", err)
		}
	}
	if !bytes.Equal(sigs[0], sigs[1]) {
		return nil, errors.New("ledger: the signer signs one text in two ways; it must be deterministic, as Ed25519 is by RFC 8032, for all processes to derive the same key from it")
	}
	return (&macKey{secret: sha256.Sum256(sigs[0])}).clone(), nil
}

// clone returns the same key for use beside k.
func (k *macKey) clone() *macKey {
	return &macKey{secret: k.secret, hash: hmac.New(sha256.New, k.secret[:])}
}

func (k *macKey) sum(text []byte) mac {
	k.hash.Reset()
	k.hash.Write(text)
	k.hash.Sum(k.mac[:0])
	return k.mac
}

// signatures returns what goes by signatures only.
func (a authority) signatures() authority { return authority{Verifier: a.Verifier, v1: a.v1} }

// vouches reports whether the log's key vouches for a commit line, of which text is
// the whole. Without it, only the signature in a line tells: of the line's own tree, or
// of an earlier one.
func (a authority) vouches(l *commitLine, text []byte) bool {
	if a.key != nil {
		sum := a.key.sum(macPrefix(text))
		return hmac.Equal(sum[:], l.mac[:])
	}
	_, err := a.signed(l)
	return err == nil
}

// signed returns the checkpoint in a commit line if the log's key signed it.
func (a authority) signed(l *commitLine) (Checkpoint, error) {
	return ParseCheckpoint(l.signed.Note, a.Verifier)
}

// newest returns the newest checkpoint that the log's key signed among those in
// the lines of data, if it is of more records than floor, and else floor.
func (a authority) newest(data []byte, floor Checkpoint) Checkpoint {
	for at := range commitLinesBackwards(data) {
		l, err := parseCommitLine(data[at.start:at.end])
		if err != nil {
			continue
		}
		if l.size <= floor.Size {
			return floor // no line before it states more
		}
		if l.signed.Size <= floor.Size {
			continue
		}
		if cp, err := a.signed(&l); err == nil {
			return cp
		}
	}
	return floor
}

// knownBehind returns the size of which data, the damage behind a commit of size
// passed, shows that it was on disk: the largest that a commit line there knew
// to be. A line that states no more records than were passed was copied or
// moved there, because no write leaves it: so more than those were on disk. That is
// not said of a line that only signs the records before it, where it belongs. Else a
// line counts only if the log's key vouches for it; of a copied one, those who cannot
// check its mac believe it without.
func (a authority) knownBehind(data []byte, passed uint64) (known uint64) {
	for text := range bytes.Lines(data) {
		if !bytes.HasPrefix(text, []byte(commitPrefix)) {
			continue
		}
		text = bytes.TrimSuffix(text, []byte("\n"))
		l, err := parseCommitLine(text)
		if err != nil {
			continue
		}
		states := l.durable
		signs := !l.v1 && l.size == passed && l.signed.Size == passed
		if signs && states > l.size {
			continue // its signature says nothing of this number, which no writer wrote
		}
		copied := l.size <= passed && !l.sealed && !signs
		if copied {
			states = passed + 1
		}
		if states > known && (a.vouches(&l, text) || copied && !a.v1 && a.key == nil) {
			known = states
		}
	}
	return known
}
