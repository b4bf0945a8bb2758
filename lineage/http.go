package lineage

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"github.com/flexorhq/flexor-go/audit"
)

// HTTPTransport is an [http.RoundTripper] that records what it reads and changes, in
// the run of the request's context:
//
//	client := &http.Client{Transport: &lineage.HTTPTransport{}}
//	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://catalog.example/prices/2026-04-30", nil)
//	resp, err := client.Do(req)
//
// The record is the URL of the request, without user info, fragment and secret
// parameters; see [audit.RecordURI]. Its query is a part of it, unless that is too long
// for a record or not percent-encoded. What the method does to it is what [HTTPAccesses]
// says, unless Map says otherwise.
//
// A read is recorded when its answer has come, if that is a success (2xx), 304 Not
// Modified, or 101 Switching Protocols. A change is recorded twice: before the request
// is sent as an append, and once the server says that it was done (2xx, but neither 202
// Accepted nor 207 Multi-Status) as the write or delete that it is. So a change that was
// refused, or whose answer never came, counts as one that may have been made. Each
// redirect and each retry of a client is an exchange of its own.
//
// Requests and answers go through as they are, bodies included. A request whose context
// has no run is sent and not recorded. The zero value is ready; it is safe for
// concurrent use, and its fields are not to be changed while it is used.
type HTTPTransport struct {
	// Base sends the requests. Nil: [http.DefaultTransport].
	Base http.RoundTripper

	// Source is the source of the accesses that state none. Empty: the host of the URL.
	Source string

	// Map says which records a request touches, and how, for APIs whose URLs are not
	// their records. It is called before the request is sent, with a nil response, for
	// what the request would change; and again with the answer if it is a success, for
	// what was read and changed. What is an append is recorded when it is first
	// returned. Map must not read or close a body. Nil: [HTTPAccesses].
	Map func(*http.Request, *http.Response) []audit.Access
}

var _ http.RoundTripper = (*HTTPTransport)(nil)

// RoundTrip sends a request by Base, and records it.
func (t *HTTPTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	run := audit.FromContext(req.Context())
	if run == nil || req.URL == nil {
		return t.base().RoundTrip(req)
	}
	accesses, source := t.Map, cmp.Or(t.Source, req.URL.Host)
	if accesses == nil {
		accesses = HTTPAccesses
	}
	announced := accesses(req, nil)
	announce(run, source, announced)
	resp, err := t.base().RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	read, done := httpOutcome(resp.StatusCode)
	if !read && !done {
		return resp, nil
	}
	made := accesses(req, resp)
	for _, a := range made {
		if a.Op == audit.OpRead && read || a.Op == audit.OpAppend && done && !isAnnounced(announced, a) {
			record(run, source, a)
		}
	}
	if done {
		settle(run, source, made)
	}
	return resp, nil
}

// CloseIdleConnections closes those of Base; see [http.Client.CloseIdleConnections].
func (t *HTTPTransport) CloseIdleConnections() {
	if c, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *HTTPTransport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// httpOutcome reports what a status says: that something was read, and that what was
// asked for is done.
func httpOutcome(status int) (read, done bool) {
	switch status {
	case http.StatusSwitchingProtocols:
		return true, true
	case http.StatusNotModified:
		return true, false
	case http.StatusAccepted, http.StatusMultiStatus:
		return true, false
	}
	success := status >= 200 && status <= 299
	return success, success
}

// isAnnounced reports whether an append to the record of a was recorded before.
func isAnnounced(announced []audit.Access, a audit.Access) bool {
	for _, before := range announced {
		if before.Record == a.Record && before.Op != audit.OpRead {
			return true
		}
	}
	return false
}

// HTTPAccesses says what a request does to its URL, by the meaning that RFC 9110 and
// its extensions give to the method; resp is nil before the request is sent.
//
//   - GET, HEAD, and QUERY, SEARCH, PROPFIND and REPORT read it. With an upgrade to
//     another protocol it is read and appended to, for what follows cannot be seen.
//   - PUT writes it and DELETE deletes it. A URL that ends in "/" is a collection, and
//     they append to it: most servers do not replace all that is below.
//   - POST, PATCH, and methods that are not known append to it. A POST that is answered
//     with 201 Created also writes what the answer's Location names.
//   - OPTIONS, TRACE and CONNECT touch no record.
//
// A POST that only asks, as those of GraphQL and of many searches, counts as an append:
// what it reads is for [HTTPTransport.Map] to say.
//
// The version is the ETag of the answer, else the Last-Modified of one that was read.
// The digest is the sha-256 or sha-512 of the header fields Repr-Digest or Content-Digest
// (RFC 9530), of the answer to a read and of the request to a write.
func HTTPAccesses(req *http.Request, resp *http.Response) []audit.Access {
	a := audit.Access{Op: audit.OpAppend, Record: httpRecord(req.URL)}
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, "QUERY", "SEARCH", "PROPFIND", "REPORT":
		a.Op = audit.OpRead
	case http.MethodPut:
		a.Op = audit.OpWrite
	case http.MethodDelete:
		a.Op = audit.OpDelete
	case http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return nil
	}
	if a.Op != audit.OpRead {
		if a.Op == audit.OpDelete {
			a.From = []string{}
		}
		if isHTTPCollection(req.URL) {
			a.Op = audit.OpAppend
		}
		a.Digest = httpDigest(req.Header, "Repr-Digest", "Content-Digest")
	}
	if resp == nil {
		return []audit.Access{a}
	}
	a.Version = resp.Header.Get("ETag")
	accesses := []audit.Access{a}
	switch {
	case a.Op == audit.OpRead:
		if a.Version == "" {
			accesses[0].Version = resp.Header.Get("Last-Modified")
		}
		fields := []string{"Repr-Digest"}
		if resp.StatusCode == http.StatusOK && req.Method != http.MethodHead {
			fields = append(fields, "Content-Digest") // of all of the record
		}
		accesses[0].Digest = httpDigest(resp.Header, fields...)
		if resp.StatusCode == http.StatusSwitchingProtocols {
			accesses = append(accesses, audit.Access{Op: audit.OpAppend, Record: a.Record})
		}
	case req.Method == http.MethodPost && resp.StatusCode == http.StatusCreated:
		if made, ok := httpLocation(req, resp); ok {
			made.Version = a.Version
			accesses = append(accesses, made)
		}
	}
	return accesses
}

// httpLocation returns the write of what an answer says it has made. A Location that
// names no record, which the server alone is to blame for, makes none.
func httpLocation(req *http.Request, resp *http.Response) (audit.Access, bool) {
	location := resp.Header.Get("Location")
	if location == "" {
		return audit.Access{}, false
	}
	u, err := req.URL.Parse(location)
	if err != nil {
		return audit.Access{}, false
	}
	made := audit.Access{Op: audit.OpWrite, Record: httpRecord(u)}
	if isHTTPCollection(u) {
		made.Op = audit.OpAppend
	}
	_, err = audit.RecordURI(made.Record, nil)
	return made, err == nil
}

// httpRecord returns the record that a URL names.
func httpRecord(u *url.URL) string {
	r := *u
	r.User, r.Fragment, r.RawFragment = nil, "", ""
	if _, err := audit.RecordURI(r.String(), nil); err != nil {
		r.RawQuery, r.ForceQuery = "", false
	}
	return r.String()
}

// isHTTPCollection reports whether a URL ends in "/".
func isHTTPCollection(u *url.URL) bool { return u.Path == "" || strings.HasSuffix(u.Path, "/") }

// httpDigest returns the digest that the first of some header fields states, such as
// sha256:…; none if there is none, or none of a known kind.
func httpDigest(h http.Header, fields ...string) string {
	for _, field := range fields {
		members := strings.Split(strings.Join(h.Values(field), ","), ",")
		for _, kind := range [][2]string{{"sha-256", "sha256:"}, {"sha-512", "sha512:"}} {
			for _, m := range members {
				value, ok := strings.CutPrefix(strings.TrimSpace(m), kind[0]+"=:")
				value, whole := strings.CutSuffix(value, ":")
				if sum, err := base64.StdEncoding.DecodeString(value); ok && whole && err == nil {
					return kind[1] + hex.EncodeToString(sum)
				}
			}
		}
	}
	return ""
}
