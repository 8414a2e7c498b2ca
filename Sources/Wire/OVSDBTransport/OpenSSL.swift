import SharedLibrary

/// The functions of OpenSSL that are used (libssl and libcrypto, 3.0 and later), opened for the first `ssl:` server.
///
/// Their types are those of <openssl/ssl.h>, <openssl/x509.h>, <openssl/x509v3.h>, <openssl/pem.h>, <openssl/bio.h> and
/// <openssl/err.h>.
/// What is a macro there is a call of SSL_ctrl or SSL_CTX_ctrl here.
@unsafe struct OpenSSL: @unchecked Sendable {
    // Sendable: pointers to code that is never unloaded.
    typealias Pointer = UnsafeMutableRawPointer
    typealias Make = @convention(c) () -> Pointer?
    typealias MakeFrom = @convention(c) (Pointer?) -> Pointer?
    typealias Free = @convention(c) (Pointer?) -> Void
    typealias Ask = @convention(c) (Pointer?) -> CInt
    typealias Pair = @convention(c) (Pointer?, Pointer?) -> CInt
    typealias Control = @convention(c) (Pointer?, CInt, CLong, Pointer?) -> CLong
    typealias Password = @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, Pointer?) -> CInt
    typealias ReadPEM = @convention(c) (Pointer?, Pointer?, Password?, Pointer?) -> Pointer?
    typealias Take = @convention(c) (Pointer?, Pointer?, CInt) -> CInt
    typealias Give = @convention(c) (Pointer?, UnsafeRawPointer?, CInt) -> CInt
    typealias Name = @convention(c) (Pointer?, UnsafePointer<CChar>?) -> CInt
    typealias Words = @convention(c) (CUnsignedLong) -> UnsafePointer<CChar>?

    let clientMethod: Make
    let makeContext: MakeFrom
    let freeContext: Free
    let contextControl: Control
    let setVerification: @convention(c) (Pointer?, CInt, Pointer?) -> Void
    let store: MakeFrom
    let addAuthority: Pair
    let useCertificate: Pair
    let useKey: Pair
    let makeSession: MakeFrom
    let freeSession: Free
    let setChannels: @convention(c) (Pointer?, Pointer?, Pointer?) -> Void
    let beClient: Free
    let sessionControl: Control
    let handshake: Ask
    let read: Take
    let write: Give
    let shutDown: Ask
    let whatFailed: @convention(c) (Pointer?, CInt) -> CInt
    let verification: @convention(c) (Pointer?) -> CLong
    let verificationWords: @convention(c) (CLong) -> UnsafePointer<CChar>?
    let peerCertificate: MakeFrom

    let makeChannel: MakeFrom
    let memory: Make
    let freeChannel: Free
    let readChannel: Take
    let writeChannel: Give
    let pending: @convention(c) (Pointer?) -> Int
    let readCertificate: ReadPEM
    let freeCertificate: Free
    let readKey: ReadPEM
    let freeKey: Free
    let isForHost: @convention(c) (Pointer?, UnsafePointer<CChar>?, Int, CUnsignedInt, Pointer?) -> CInt
    let isForAddress: @convention(c) (Pointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    let extensionPlace: @convention(c) (Pointer?, CInt, CInt) -> CInt
    let extensionAt: @convention(c) (Pointer?, CInt) -> Pointer?
    let printExtension: @convention(c) (Pointer?, Pointer?, CUnsignedLong, CInt) -> CInt
    let subject: MakeFrom
    let entryOfName: @convention(c) (Pointer?, CInt, UnsafeMutablePointer<CChar>?, CInt) -> CInt
    let nextError: @convention(c) () -> CUnsignedLong
    let clearErrors: @convention(c) () -> Void
    let reason: Words

    static let loaded: Result<OpenSSL, SharedLibraryError> = unsafe load()

    private static func load() -> Result<OpenSSL, SharedLibraryError> {
        do { return unsafe .success(try OpenSSL()) } catch { return unsafe .failure(error) }
    }

    private init() throws(SharedLibraryError) {
        // Functions of libcrypto are found, too: libssl needs it.
        let library = try SharedLibrary(.libssl)
        unsafe clientMethod = try unsafe library.function("TLS_client_method")
        unsafe makeContext = try unsafe library.function("SSL_CTX_new")
        unsafe freeContext = try unsafe library.function("SSL_CTX_free")
        unsafe contextControl = try unsafe library.function("SSL_CTX_ctrl")
        unsafe setVerification = try unsafe library.function("SSL_CTX_set_verify")
        unsafe store = try unsafe library.function("SSL_CTX_get_cert_store")
        unsafe addAuthority = try unsafe library.function("X509_STORE_add_cert")
        unsafe useCertificate = try unsafe library.function("SSL_CTX_use_certificate")
        unsafe useKey = try unsafe library.function("SSL_CTX_use_PrivateKey")
        unsafe makeSession = try unsafe library.function("SSL_new")
        unsafe freeSession = try unsafe library.function("SSL_free")
        unsafe setChannels = try unsafe library.function("SSL_set_bio")
        unsafe beClient = try unsafe library.function("SSL_set_connect_state")
        unsafe sessionControl = try unsafe library.function("SSL_ctrl")
        unsafe handshake = try unsafe library.function("SSL_do_handshake")
        unsafe read = try unsafe library.function("SSL_read")
        unsafe write = try unsafe library.function("SSL_write")
        unsafe shutDown = try unsafe library.function("SSL_shutdown")
        unsafe whatFailed = try unsafe library.function("SSL_get_error")
        unsafe verification = try unsafe library.function("SSL_get_verify_result")
        unsafe verificationWords = try unsafe library.function("X509_verify_cert_error_string")
        unsafe peerCertificate = try unsafe library.function("SSL_get1_peer_certificate")
        unsafe makeChannel = try unsafe library.function("BIO_new")
        unsafe memory = try unsafe library.function("BIO_s_mem")
        unsafe freeChannel = try unsafe library.function("BIO_free_all")
        unsafe readChannel = try unsafe library.function("BIO_read")
        unsafe writeChannel = try unsafe library.function("BIO_write")
        unsafe pending = try unsafe library.function("BIO_ctrl_pending")
        unsafe readCertificate = try unsafe library.function("PEM_read_bio_X509")
        unsafe freeCertificate = try unsafe library.function("X509_free")
        unsafe readKey = try unsafe library.function("PEM_read_bio_PrivateKey")
        unsafe freeKey = try unsafe library.function("EVP_PKEY_free")
        unsafe isForHost = try unsafe library.function("X509_check_host")
        unsafe isForAddress = try unsafe library.function("X509_check_ip_asc")
        unsafe extensionPlace = try unsafe library.function("X509_get_ext_by_NID")
        unsafe extensionAt = try unsafe library.function("X509_get_ext")
        unsafe printExtension = try unsafe library.function("X509V3_EXT_print")
        unsafe subject = try unsafe library.function("X509_get_subject_name")
        unsafe entryOfName = try unsafe library.function("X509_NAME_get_text_by_NID")
        unsafe nextError = try library.function("ERR_get_error")
        unsafe clearErrors = try library.function("ERR_clear_error")
        unsafe reason = try unsafe library.function("ERR_reason_error_string")
    }

    /// What went wrong last, in OpenSSL's words: "wrong version number".
    func takeWords() -> String {
        var words: [String] = []
        while true {
            let code = unsafe nextError()
            guard code != 0 else { break }
            let text = unsafe reason(code).map { unsafe String(cString: $0) } ?? "error \(String(code, radix: 16))"
            if !words.contains(text) { words.append(text) }
        }
        return words.joined(separator: ", ")
    }

    /// Nobody is asked for a passphrase.
    static let noPassword: Password = { _, _, _, _ in -1 }
}
