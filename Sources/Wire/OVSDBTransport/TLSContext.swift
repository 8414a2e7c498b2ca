import LinuxSystem
import Notation
import OVSDB
import SharedLibrary

/// What `ssl:` servers are held to, and what is shown to them.
@safe final class TLSContext {
    let functions: OpenSSL
    let pointer: OpenSSL.Pointer
    let files: TLSFiles

    /// Reads the files.
    /// - Parameter server: the first one that it is for, for messages.
    /// - Throws: ``OVSDBError`` with code `tls` that names the file.
    init(_ files: TLSFiles, server: String) throws(OVSDBError) {
        let functions: OpenSSL
        switch unsafe OpenSSL.loaded {
        case .success(let loaded): unsafe functions = unsafe loaded
        case .failure(let error):
            throw OVSDBError(.tls, operation: "connect", object: server, details: error.description)
        }
        unsafe functions.clearErrors()
        guard let pointer = unsafe functions.makeContext(functions.clientMethod()) else {
            throw OVSDBError(.tls, operation: "connect", object: server, details: unsafe functions.takeWords())
        }
        unsafe self.functions = unsafe functions
        unsafe self.pointer = unsafe pointer
        self.files = files
        // SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION; SSL_VERIFY_PEER.
        unsafe _ = functions.contextControl(pointer, 123, 0x0303, nil)
        unsafe functions.setVerification(pointer, 1, nil)
        try trust(files.certificateAuthority)
        try show(files.certificate)
        try sign(with: files.privateKey, of: files.certificate)
    }

    deinit { unsafe functions.freeContext(pointer) }

    private func trust(_ path: String) throws(OVSDBError) {
        let count = try unsafe eachCertificate(in: path, "certificate authority") { certificate, _ in
            unsafe functions.addAuthority(functions.store(pointer), certificate) == 1
        }
        guard count > 0 else { throw refusal(path, "certificate authority", "it has no certificate in PEM") }
    }

    /// The first is the client's own, the others lead to the authority.
    private func show(_ path: String) throws(OVSDBError) {
        let count = try unsafe eachCertificate(in: path, "certificate") { certificate, place in
            // SSL_CTRL_CHAIN_CERT, which counts one more owner.
            unsafe place == 0
                ? functions.useCertificate(pointer, certificate) == 1
                : functions.contextControl(pointer, 89, 1, certificate) == 1
        }
        guard count > 0 else { throw refusal(path, "certificate", "it has no certificate in PEM") }
    }

    private func sign(with path: String, of certificate: String) throws(OVSDBError) {
        let channel = try unsafe channel(of: path, "private key")
        defer { unsafe functions.freeChannel(channel) }
        guard let key = unsafe functions.readKey(channel, nil, OpenSSL.noPassword, nil) else {
            unsafe functions.clearErrors()
            throw refusal(path, "private key", "it has no private key in PEM, or one with a passphrase")
        }
        defer { unsafe functions.freeKey(key) }
        guard unsafe functions.useKey(pointer, key) == 1 else {
            unsafe functions.clearErrors()
            throw refusal(path, "private key", "it isn't the key of \(certificate)")
        }
    }

    /// - Parameter use: whether the certificate was of use; its place is counted from 0.
    /// - Returns: how many there are.
    private func eachCertificate(
        in path: String, _ kind: String, _ use: (_ certificate: OpenSSL.Pointer, _ place: Int) -> Bool
    ) throws(OVSDBError) -> Int {
        let channel = try unsafe channel(of: path, kind)
        defer { unsafe functions.freeChannel(channel) }
        var count = 0
        while let certificate = unsafe functions.readCertificate(channel, nil, OpenSSL.noPassword, nil) {
            defer { unsafe functions.freeCertificate(certificate) }
            guard unsafe use(certificate, count) else {
                throw refusal(path, kind, unsafe functions.takeWords())
            }
            count += 1
        }
        // The end of the file is an error, too.
        let words = unsafe functions.takeWords()
        guard words.contains(text: "no start line") else {
            throw refusal(path, kind, "certificate \(count + 1) is damaged: \(words)")
        }
        return count
    }

    private func channel(of path: String, _ kind: String) throws(OVSDBError) -> OpenSSL.Pointer {
        let bytes = try contents(of: path, kind)
        guard let channel = unsafe functions.makeChannel(functions.memory()) else {
            throw refusal(path, kind, unsafe functions.takeWords())
        }
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe _ = functions.writeChannel(channel, buffer.baseAddress, CInt(clamping: buffer.count))
        }
        return unsafe channel
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
