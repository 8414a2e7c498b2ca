internal import Glibc

/// Names of hosts, looked up as other libraries do it, but not for longer than one wants: getaddrinfo(3) waits for a resolver
/// as long as that takes, and nothing can stop it.
public enum HostLookup {
    /// Which of some names no resolver has answered for. That there is no such host is an answer.
    ///
    /// All are asked for at once. Who is still asked when the time is over is left to its thread.
    public static func unanswered(_ names: [String], milliseconds: Int) throws(SystemError) -> Set<String> {
        let answers = Mailbox<(name: String, isAnswered: Bool)>()
        for name in names { try OwnThread.detach { answers.put((name, isAnswered(name))) } }
        let end = ThisProcess.monotonicNanoseconds() + UInt64(max(milliseconds, 0)) * 1_000_000
        var open = Set(names)
        var waited = 0
        while waited < names.count {
            let now = ThisProcess.monotonicNanoseconds()
            // A last look without waiting: what is there already counts.
            let left = now < end ? Int((end - now + 999_999) / 1_000_000) : 0
            guard let answer = answers.take(waiting: left) else { break }
            waited += 1
            if answer.isAnswered { open.remove(answer.name) }
        }
        return open
    }

    private static func isAnswered(_ name: String) -> Bool {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &found)
        if code == 0 { unsafe freeaddrinfo(found) }
        return code != EAI_AGAIN
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
