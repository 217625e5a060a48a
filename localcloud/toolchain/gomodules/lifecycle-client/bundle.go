package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
)

// bundle is a folder with a client's files. Each handshake reads them again, since tests replace certificates.
type bundle string

func (b bundle) config() *tls.Config {
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

func (b bundle) verify(state tls.ConnectionState) error {
	text, err := os.ReadFile(b.file("ca.pem"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return errors.New("ca.pem has no certificate")
	}
	_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: state.ServerName, Roots: roots})
	return err
}

func (b bundle) file(name string) string {
	return filepath.Join(string(b), name)
}
