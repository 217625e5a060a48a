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
	// While a CA is replaced, members send the new one, signed by the old one.
	intermediates := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	options := x509.VerifyOptions{DNSName: state.ServerName, Roots: roots, Intermediates: intermediates}
	_, err = state.PeerCertificates[0].Verify(options)
	return err
}

func (b bundle) file(name string) string {
	return filepath.Join(string(b), name)
}
