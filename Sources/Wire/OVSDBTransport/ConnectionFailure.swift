internal import LinuxSystem
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import OVSDB

extension OVSDBError {
    /// What NIO says of a connection that couldn't be made or broke.
    init(_ error: any Error, connectingTo remote: OVSDBTarget.Remote) {
        let object = remote.description
        if let error = error as? OVSDBError {
            self = error
        } else if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
            self.init(.tls, operation: "connect", object: object, details: explanation(ofTLS: error))
        } else if let error = error as? ChannelError, case .connectTimeout = error {
            self.init(.timeout, operation: "connect", object: object)
        } else if let code = errno(of: error) {
            self.init(Errno(code), connectingTo: remote)
        } else {
            self.init(.connection(errno: nil), operation: "connect", object: object, details: "\(error)")
        }
    }

    /// What the system says of it.
    init(_ errno: Errno, connectingTo remote: OVSDBTarget.Remote) {
        let hint = hint(errno.code, remote)
        self.init(
            .connection(errno: errno.code), operation: "connect", object: remote.description,
            details: errno.description + (hint.isEmpty ? "" : "; \(hint)"))
    }
}

private func errno(of error: any Error) -> Int32? {
    if let error = error as? IOError { return error.errnoCode }
    if let error = error as? NIOConnectionError { return error.connectionErrors.first.flatMap { errno(of: $0.error) } }
    return nil
}

private func hint(_ code: Int32, _ remote: OVSDBTarget.Remote) -> String {
    switch (Errno(code), remote) {
    case (.noEntry, .unix): "there is no such socket: is ovsdb-server running?"
    case (Errno(111), .unix): "nobody listens on the socket: ovsdb-server has ended"
    case (Errno(111), _): "nobody listens there: does ovsdb-server have a ptcp: or pssl: remote?"
    case (Errno(13), _): "this user may not: root is needed"
    default: ""
    }
}

/// BoringSSL's words, without its source files: "CERTIFICATE_VERIFY_FAILED".
func explanation(ofTLS error: any Error) -> String {
    let text = "\(error)"
    var words: [String] = []
    for piece in text.split(separator: "OPENSSL_internal:").dropFirst() {
        let word = String(piece.prefix { $0.isUppercase || $0 == "_" || $0.isNumber })
        if !word.isEmpty, !words.contains(word) { words.append(word) }
    }
    guard !words.isEmpty else {
        switch error as? NIOSSLError {
        case .uncleanShutdown: return "the server ended the connection without a goodbye"
        case .handshakeFailed: return "the server broke off the handshake; does it speak TLS on this port?"
        default: return text
        }
    }
    let advice =
        words.contains("CERTIFICATE_VERIFY_FAILED")
        ? "; the server's certificate isn't signed by the certificate authority, or it isn't valid now"
        : words.contains("WRONG_VERSION_NUMBER") ? "; does the server speak TLS on this port?" : ""
    return words.joined(separator: ", ") + advice
}
