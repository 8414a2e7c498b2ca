internal import LinuxSystem
internal import NIOSSL
internal import OVSDB

/// The files for `ssl:` servers, in PEM (ovs-vsctl(8), "Public Key Infrastructure Options").
///
/// As Open vSwitch does, the server's certificate is held against the authority alone, not against the server's name.
public struct TLSFiles: Hashable, Sendable {
    /// The certificate authority that must have signed the server's certificate: `--ca-cert`.
    public let certificateAuthority: String
    /// The client's certificate, with the chain that leads to the authority: `--certificate`.
    public let certificate: String
    /// The certificate's private key, without a passphrase: `--private-key`.
    public let privateKey: String

    /// From paths.
    public init(certificateAuthority: String, certificate: String, privateKey: String) {
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.privateKey = privateKey
    }

    /// Reads the files.
    /// - Throws: ``OVSDBError`` with code `tls` that names the file.
    func makeContext() throws(OVSDBError) -> NIOSSLContext {
        let authority = try certificates(in: certificateAuthority, "certificate authority")
        let chain = try certificates(in: certificate, "certificate")
        let keyBytes = try contents(of: privateKey, "private key")
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
        } catch {
            throw refusal(privateKey, "private key", "it has no private key in PEM, or one with a passphrase")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = .certificates(authority)
        configuration.certificateChain = chain.map { .certificate($0) }
        configuration.privateKey = .privateKey(key)
        configuration.certificateVerification = .noHostnameVerification
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            // The key itself could be read, so that it is BoringSSL's KEY_VALUES_MISMATCH that NIO says like this.
            let isOther = error as? NIOSSLError == .failedToLoadPrivateKey
            let details = isOther ? "it isn't the key of \(certificate)" : explanation(ofTLS: error)
            throw refusal(privateKey, "private key", details)
        }
    }

    private func certificates(in path: String, _ kind: String) throws(OVSDBError) -> [NIOSSLCertificate] {
        let bytes = try contents(of: path, kind)
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw refusal(path, kind, "it has no certificate in PEM")
        }
        guard !found.isEmpty else { throw refusal(path, kind, "it has no certificate in PEM") }
        return found
    }

    private func contents(of path: String, _ kind: String) throws(OVSDBError) -> [UInt8] {
        do throws(SystemError) {
            // Megabytes of certificates are something else than certificates.
            if let bytes = try Files.read(path, atMost: 4 << 20) { return bytes }
        } catch {
            throw refusal(path, kind, error.errno.description)
        }
        throw refusal(path, kind, "there is no such file")
    }

    private func refusal(_ path: String, _ kind: String, _ details: String) -> OVSDBError {
        OVSDBError(.tls, operation: "use the \(kind)", object: path, details: details)
    }
}
