internal import CLinux
internal import Glibc

/// A host's name that is being looked up, as other programs here do it (getaddrinfo(3)): that waits for name servers as long
/// as resolv.conf(5) says, and nothing can stop it. So a child process does it, which is ended when this value goes.
///
/// A thread would stay behind with whatever it may do, and a process with threads can't give up its privileges. The child runs
/// nothing but the C library's resolver; a process with one thread may do more after fork(2) than what is safe in
/// signal handlers, so this is for the main thread of one that has no other at work.
public final class HostLookup {
    private let child: pid_t
    private let reading: Descriptor

    /// Begins.
    /// - Parameter port: of the TCP server there; nil asks for all addresses that the name has.
    public init(_ host: String, port: Int? = nil) throws(SystemError) {
        var number: Int32 = -1
        child = try check(unsafe clinux_look_up(host, Int32(clamping: port ?? 0), &number), "look up the host", host)
        reading = Descriptor(owning: number)
    }

    deinit {
        _ = kill(child, SIGKILL)
        while waitpid(child, nil, 0) < 0, Glibc.errno == EINTR {}
    }

    /// To watch: readable when there is an answer.
    public var number: Int32 { reading.number }

    /// The answer: addresses, the best first. Waits for it if it isn't there yet.
    public func answer() -> Result<[SocketAddress], Unknown> {
        var answer = clinux_answer()
        guard unsafe clinux_look_up_answer(number, &answer) == 1 else {
            return .failure(Unknown(description: "the process that looked it up was ended", isUnanswered: true))
        }
        guard answer.code == 0, answer.count > 0 else {
            let words = answer.code == 0 ? "it has no address" : unsafe String(cString: clinux_look_up_words(&answer))
            return .failure(
                Unknown(description: words, isUnanswered: unsafe clinux_is_unanswered(&answer) == 1))
        }
        return .success(
            unsafe withUnsafeBytes(of: &answer.addresses) { bytes in
                unsafe bytes.bindMemory(to: clinux_address.self).prefix(Int(answer.count)).map(SocketAddress.init(raw:))
            })
    }

    /// Why a name has no address.
    public struct Unknown: Error, Hashable, Sendable, CustomStringConvertible {
        /// In the C library's words.
        public let description: String
        /// Whether no name server said so: there may be an address.
        public let isUnanswered: Bool
    }

    /// The servers of resolv.conf(5), as they are written there; without any, a server on this machine is asked.
    public static var servers: [String] {
        let bytes = (try? Files.readRegular("/etc/resolv.conf", atMost: 1 << 16)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.first == "nameserver" && words.count > 1 ? String(words[1]) : nil
        }
    }
}
