/// The files for `ssl:` servers, in PEM (ovs-vsctl(8), "Public Key Infrastructure Options"), and whom they are to vouch for.
public struct TLSFiles: Hashable, Sendable {
    /// The certificate authority that must have signed the server's certificate: `--ca-cert`.
    public let certificateAuthority: String
    /// The client's certificate, with the chain that leads to the authority: `--certificate`.
    public let certificate: String
    /// The certificate's private key, without a passphrase: `--private-key`.
    public let privateKey: String
    /// The server's certificate has to be for one of these names or addresses; none: for the host that is connected to.
    public let serverNames: [String]

    /// From paths.
    public init(
        certificateAuthority: String, certificate: String, privateKey: String, serverNames: [String] = []
    ) {
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.privateKey = privateKey
        self.serverNames = serverNames
    }
}
