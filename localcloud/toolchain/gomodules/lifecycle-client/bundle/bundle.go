// Package bundle has the connections of a client to members, with the certificates that its folder has.
package bundle

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
)

// Bundle is a folder with ca.pem, client.pem and client-key.pem. Each handshake reads them again, since tests replace certificates.
type Bundle string

// Config returns what a connection to any member needs.
func (b Bundle) Config() *tls.Config {
	return &tls.Config{
		// VerifyConnection does it, with the CA of this moment.
		InsecureSkipVerify: true,
		VerifyConnection:   b.verify,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(b.file("client.pem"), b.file("client-key.pem"))
			return &pair, err
		},
	}
}

func (b Bundle) verify(state tls.ConnectionState) error {
	text, err := os.ReadFile(b.file("ca.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return errors.New("ca.pem has no certificate")
	}
	// While a CA is replaced, members send the new one, signed by the old one.
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	options := x509.VerifyOptions{DNSName: state.ServerName, Roots: roots, Intermediates: intermediates}
	_, err = state.PeerCertificates[0].Verify(options)
	return err
}

func (b Bundle) file(name string) string {
	return filepath.Join(string(b), name)
}
