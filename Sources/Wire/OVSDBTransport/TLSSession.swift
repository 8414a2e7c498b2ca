import LinuxSystem
import Notation
import OVSDB

/// One connection's TLS, without the connection: what the server sends goes in, what it is to get comes out.
@safe final class TLSSession {
    private let context: TLSContext
    private let session: OpenSSL.Pointer
    /// What came from the server, and what goes to it: owned by the session.
    private let incoming: OpenSSL.Pointer
    private let outgoing: OpenSSL.Pointer
    private let server: String
    /// The server's certificate has to be for one of them.
    private let names: [String]
    /// Whether the handshake is over, and the server is who it should be.
    private(set) var isOpen = false
    /// Whether the server has ended TLS, so that the connection's end cuts nothing off.
    private(set) var isEnded = false
    private var hasFailed = false

    private var functions: OpenSSL { unsafe context.functions }

    /// - Parameters:
    ///   - host: The name or address that is connected to.
    ///   - server: For messages.
    init(_ context: TLSContext, host: String, server: String) throws(OVSDBError) {
        let functions = unsafe context.functions
        unsafe functions.clearErrors()
        guard let session = unsafe functions.makeSession(context.pointer),
            let incoming = unsafe functions.makeChannel(functions.memory()),
            let outgoing = unsafe functions.makeChannel(functions.memory())
        else {
            throw OVSDBError(.tls, operation: "connect", object: server, details: unsafe functions.takeWords())
        }
        unsafe functions.setChannels(session, incoming, outgoing)
        unsafe functions.beClient(session)
        self.context = context
        unsafe self.session = unsafe session
        unsafe self.incoming = unsafe incoming
        unsafe self.outgoing = unsafe outgoing
        self.server = server
        // A certificate's names have no dot at their end, which stands for the root of all names.
        names = (context.files.serverNames.isEmpty ? [host] : context.files.serverNames).map { name in
            name.count > 1 && name.last == "." ? String(name.dropLast()) : name
        }
        // Server name indication is for names as DNS has them (RFC 6066, section 3).
        if let name = names.first(where: Self.isHostName) {
            // SSL_CTRL_SET_TLSEXT_HOSTNAME
            var bytes = Array(name.utf8CString)
            unsafe _ = bytes.withUnsafeMutableBytes { unsafe functions.sessionControl(session, 55, 0, $0.baseAddress) }
        }
    }

    deinit { unsafe functions.freeSession(session) }

    private static func isAddress(_ name: String) -> Bool { SocketAddress.numeric(name, port: 0) != nil }

    private static func isHostName(_ name: String) -> Bool {
        !isAddress(name) && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
    }

    // MARK: Talking

    /// Begins, or goes on, with the handshake; nothing once that is over.
    func advance() throws(OVSDBError) {
        guard !isOpen else { return }
        unsafe functions.clearErrors()
        let code = unsafe functions.handshake(session)
        if code == 1 {
            try verifyName()
            isOpen = true
        } else if try !isUnfinished(code) {
            throw failure("the server ended TLS in the middle of the handshake")
        }
    }

    /// Takes what has come from the server.
    /// - Returns: what was said in it, decrypted; empty if nothing is complete yet.
    /// - Throws: ``OVSDBError`` with code `tls`; `connection` where the server ends TLS.
    func receive(_ bytes: [UInt8]) throws(OVSDBError) -> [UInt8] {
        put(bytes)
        try advance()
        guard isOpen else { return [] }
        var text: [UInt8] = []
        while true {
            unsafe functions.clearErrors()
            var code: CInt = 0
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
                code = unsafe functions.read(session, buffer.baseAddress, 16_384)
                count = max(0, Int(code))
            }
            guard piece.isEmpty else {
                text += piece
                continue
            }
            isEnded = try !isUnfinished(code)
            // What was said before the end is for whoever listens.
            guard !isEnded || !text.isEmpty else { throw .closed(server) }
            return text
        }
    }

    /// Encrypts what is to be said.
    func send(_ bytes: ArraySlice<UInt8>) throws(OVSDBError) {
        var rest = bytes
        while !rest.isEmpty {
            unsafe functions.clearErrors()
            let code = unsafe rest.withUnsafeBytes { buffer in
                unsafe functions.write(session, buffer.baseAddress, CInt(clamping: buffer.count))
            }
            // There is always room in memory.
            guard code > 0 else { throw failure(unsafe functions.takeWords()) }
            rest = rest.dropFirst(Int(code))
        }
    }

    /// Ends TLS (close_notify, RFC 8446, section 6.1), so that the server knows that nothing was cut off.
    func end() {
        guard isOpen, !hasFailed else { return }
        isOpen = false
        unsafe functions.clearErrors()
        unsafe _ = functions.shutDown(session)
    }

    /// What is to be sent to the server now.
    func takeOutput() -> [UInt8] {
        let count = unsafe functions.pending(outgoing)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, size in
            size = max(0, Int(unsafe functions.readChannel(outgoing, buffer.baseAddress, CInt(clamping: count))))
        }
    }

    private func put(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe _ = functions.writeChannel(incoming, buffer.baseAddress, CInt(clamping: buffer.count))
        }
    }

    // MARK: What went wrong

    /// Whether more has to come first; false at the end of TLS.
    private func isUnfinished(_ code: CInt) throws(OVSDBError) -> Bool {
        // SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_ZERO_RETURN.
        switch unsafe functions.whatFailed(session, code) {
        case 2, 3: return true
        case 6: return false
        default: throw failure(unsafe functions.takeWords())
        }
    }

    private func failure(_ words: String) -> OVSDBError {
        hasFailed = true
        let result = unsafe functions.verification(session)
        // X509_V_OK
        guard result == 0 else { return refusal(mistrust(result)) }
        let said = words.isEmpty ? "the server broke off" : words
        return refusal(advice(said).map { "\(said); \($0)" } ?? said)
    }

    private func refusal(_ details: String) -> OVSDBError {
        OVSDBError(.tls, operation: isOpen ? "talk with the server" : "connect", object: server, details: details)
    }

    /// What to do, by OpenSSL's words for what it found, or for what the server says ("alert").
    private func advice(_ words: String) -> String? {
        func has(_ some: String...) -> Bool { some.contains(where: words.contains(text:)) }
        if has("wrong version number", "packet length too long", "http request") {
            return "does the server speak TLS on this port?"
        }
        if has("protocol version", "unsupported protocol", "no protocols available", "version too low") {
            return "TLS 1.2 or later is needed: what does the server's --ssl-protocols say?"
        }
        if has("alert"), has("certificate", "unknown ca", "access denied") {
            return "the server doesn't accept \(context.files.certificate): the server's own --ca-cert has to be the "
                + "authority that signed it"
        }
        if has("handshake failure", "no shared cipher", "no ciphers available") {
            return "is there a cipher that the server and this machine both allow? See the server's --ssl-ciphers"
        }
        return nil
    }

    /// Why the server's certificate isn't good, by the numbers of <openssl/x509_vfy.h>.
    private func mistrust(_ result: CLong) -> String {
        let words = unsafe functions.verificationWords(result).map { unsafe String(cString: $0) } ?? "error \(result)"
        let advice =
            switch result {
            // X509_V_ERR_CERT_NOT_YET_VALID, …_HAS_EXPIRED
            case 9: "it isn't valid yet, or this machine's clock is wrong"
            case 10: "the server needs a new one, or this machine's clock is wrong"
            // X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, …_IN_CHAIN, UNABLE_TO_GET_ISSUER_CERT(_LOCALLY), …_VERIFY_LEAF_SIGNATURE
            case 2, 18, 19, 20, 21:
                "it isn't signed by the certificate authority in \(context.files.certificateAuthority); --ca-cert names "
                    + "the server's"
            default: "'openssl s_client -showcerts -connect \(server.dropFirst(4))' shows it"
            }
        return "the server's certificate isn't accepted (\(words)): \(advice)"
    }

    // MARK: The certificate's names

    private func verifyName() throws(OVSDBError) {
        guard let certificate = unsafe functions.peerCertificate(session) else {
            throw refusal("the server has shown no certificate")
        }
        defer { unsafe functions.freeCertificate(certificate) }
        let isRight = names.contains { name in
            Self.isAddress(name)
                ? unsafe functions.isForAddress(certificate, name, 0) == 1
                : unsafe functions.isForHost(certificate, name, 0, 0, nil) == 1
        }
        guard !isRight else { return }
        let wanted = names.map { "'\($0)'" }.joined(separator: " or ")
        let said = unsafe said(by: certificate)
        guard !said.isEmpty else { throw refusal("the server's certificate has no name, so it can't be for \(wanted)") }
        let list = said.map { "'\($0)'" }.joined(separator: ", ")
        throw refusal(
            names.contains(where: said.contains)
                ? "the server's certificate has the address \(list) as its common name, where none counts: have one made "
                    + "with it in subjectAltName (IP:\(said.joined(separator: ",IP:")))"
                : "the server's certificate is for \(list), not for \(wanted); if it is the right server, say which name to "
                    + "expect, such as --server-name '\(said[0])'")
    }

    /// The names and addresses that a certificate is for; the common name only if there are no others (RFC 6125, section
    /// 6.4.4).
    private func said(by certificate: OpenSSL.Pointer) -> [String] {
        // NID_subject_alt_name, NID_commonName
        let place = unsafe functions.extensionPlace(certificate, 85, -1)
        guard place >= 0, let channel = unsafe functions.makeChannel(functions.memory()) else {
            let name = unsafe Self.text { unsafe functions.entryOfName(functions.subject(certificate), 13, $0, $1) }
            return name.isEmpty ? [] : [name]
        }
        defer { unsafe functions.freeChannel(channel) }
        unsafe _ = functions.printExtension(channel, functions.extensionAt(certificate, place), 0, 0)
        // "DNS:ovs.example, IP Address:10.0.0.1"
        return unsafe Self.text { unsafe functions.readChannel(channel, $0, $1) }.split(separator: ",").map { part in
            let name = part.drop { $0 == " " }
            return String(name.firstIndex(of: ":").map { name[name.index(after: $0)...] } ?? name)
        }
    }

    private static func text(_ fill: (UnsafeMutablePointer<CChar>?, CInt) -> CInt) -> String {
        let bytes = unsafe [CChar](unsafeUninitializedCapacity: 512) { buffer, count in
            count = max(0, Int(unsafe fill(buffer.baseAddress, 512)))
        }
        return String(decoding: bytes.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension OVSDBError {
    /// The server has ended the connection.
    static func closed(_ server: String, _ details: String = "the server closed the connection") -> OVSDBError {
        OVSDBError(.connection(errno: nil), operation: "hear from the server", object: server, details: details)
    }
}
