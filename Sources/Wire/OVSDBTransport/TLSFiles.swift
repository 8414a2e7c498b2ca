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
}
