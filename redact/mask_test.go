package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMasksOfBuiltinDetectorsAreKnown(t *testing.T) {
	for _, d := range builtin() {
		for _, tail := range []string{"", ":error", ":1111", ":a", ":k3:abcdefghijklmnopabcdefghijklmnop"} {
			mask := "[" + d.label + tail + "]"
			assert.Equal(t, 2+len(mask), maskAt([]byte("x "+mask+"]"), 2), mask)
			assert.True(t, inMask([]byte("[["+mask), 1+len(mask)), mask)
		}
	}
	for _, s := range []string{"", "[", "[]", "[EMAIL", "[EMAIL:]", "[EMAIL:11111]", "[EMAIL:k3:abc]", "[AB]", "[email]", "[ERROR]", "[EMAIL:k3:abcdefghijklmnopabcdefghijklmnoz]"} {
		assert.Zero(t, maskAt([]byte(s), 0), s)
	}
	assert.True(t, isMasks([]byte("[EMAIL] [CARD:1111]")))
	assert.False(t, isMasks([]byte("[EMAIL]x")))
	assert.False(t, isMasks(nil))
}
