public import OVSDB

/// Where a database server is, or the servers of a cluster (ovsdb(7), "Connection Methods").
///
/// `unix:FILE`, `tcp:HOST[:PORT]` or `ssl:HOST[:PORT]`, several separated by commas. A host is a name, an IPv4 address
/// or an IPv6 address in brackets; the port is 6640 if none is given.
public struct OVSDBTarget: Hashable, Sendable, CustomStringConvertible {
    /// One server.
    public enum Remote: Hashable, Sendable, CustomStringConvertible {
        /// A UNIX socket's file.
        case unix(path: String)
        /// TCP.
        case tcp(host: String, port: Int)
        /// TLS over TCP.
        case ssl(host: String, port: Int)

        /// As it is written in a target.
        public var description: String {
            switch self {
            case .unix(let path): "unix:\(path)"
            case .tcp(let host, let port): "tcp:\(Self.bracketed(host)):\(port)"
            case .ssl(let host, let port): "ssl:\(Self.bracketed(host)):\(port)"
            }
        }

        private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
    }

    /// The servers, in the order in which they are tried; never empty.
    public let remotes: [Remote]

    /// From its text.
    /// - Parameter directory: where the files of `unix:` targets are that don't begin with a slash, as Open vSwitch's own
    ///   programs have it; nil for the working directory.
    /// - Throws: ``OVSDBError`` that says what is wrong with it.
    public init(parsing text: String, in directory: String? = nil) throws(OVSDBError) {
        var remotes: [Remote] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            remotes.append(try Self.remote(part.trimmed, of: text, directory))
        }
        self.remotes = remotes
    }

    /// The file of the only server, if that is a UNIX socket.
    public var unixPath: String? {
        if remotes.count == 1, case .unix(let path) = remotes.first { path } else { nil }
    }

    /// Whether all servers are UNIX sockets.
    var isLocal: Bool { remotes.allSatisfy { if case .unix = $0 { true } else { false } } }

    /// Whether a server is spoken to with TLS, which takes files.
    public var usesTLS: Bool { remotes.contains { if case .ssl = $0 { true } else { false } } }

    /// As it is written.
    public var description: String { remotes.map(\.description).joined(separator: ",") }

    private static let forms = "say unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT"

    private static func remote(_ part: Substring, of text: String, _ directory: String?) throws(OVSDBError) -> Remote {
        let pieces = part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard pieces.count == 2, let scheme = pieces.first, let rest = pieces.last else {
            throw refusal(text, "\"\(part)\" has no method; \(forms)")
        }
        switch scheme {
        case "unix":
            guard !rest.isEmpty else { throw refusal(text, "unix: wants the socket's file") }
            let path = rest.first == "/" ? String(rest) : (directory.map { "\($0)/" } ?? "") + rest
            // sockaddr_un has 108 bytes, one of them for the NUL (unix(7)).
            guard path.utf8.count <= 107 else {
                throw refusal(text, "a socket's file name has 107 bytes at most; this one has \(path.utf8.count)")
            }
            return .unix(path: path)
        case "tcp", "ssl":
            let (host, port) = try address(rest, of: text)
            return scheme == "tcp" ? .tcp(host: host, port: port) : .ssl(host: host, port: port)
        case "punix", "ptcp", "pssl":
            throw refusal(
                text, "\(scheme): makes a server listen; a client connects with \(scheme.dropFirst()):")
        default:
            throw refusal(text, "the method \"\(scheme)\" isn't known; \(forms)")
        }
    }

    private static func address(_ rest: Substring, of text: String) throws(OVSDBError) -> (String, Int) {
        var host = rest
        var port: Substring?
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw refusal(text, "the bracket in \(rest) isn't closed") }
            host = rest[rest.index(after: rest.startIndex)..<end]
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.first == ":" else { throw refusal(text, "\"\(after)\" is no port") }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = rest.firstIndex(of: ":") {
            host = rest[..<colon]
            port = rest[rest.index(after: colon)...]
            guard port?.contains(":") != true else { throw refusal(text, "an IPv6 address stands in brackets") }
        }
        guard !host.isEmpty else { throw refusal(text, "the host is missing") }
        guard let port else { return (String(host), 6640) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw refusal(text, "\"\(port)\" is no port; there are 1 to 65535")
        }
        return (String(host), number)
    }

    private static func refusal(_ text: String, _ details: String) -> OVSDBError {
        OVSDBError(
            .connection(errno: nil), operation: "understand the database's address", object: text, details: details)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var piece = self
        while piece.first == " " { piece.removeFirst() }
        while piece.last == " " { piece.removeLast() }
        return piece
    }
}
