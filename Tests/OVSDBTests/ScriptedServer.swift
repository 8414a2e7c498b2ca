import Foundation
import Glibc
import LinuxSystem
import OVSDB
import Testing

/// A server that says what a test wants it to, on a socket of its own: one thread accepts, and each connection is served
/// on its own.
final class ScriptedServer: Sendable {
    private let directory: String
    private let listener: Int32

    /// - Parameter serve: what happens on each connection, counted from 0; the connection ends with it.
    init(_ serve: @escaping @Sendable (Int, Peer) throws -> Void) throws {
        directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        listener = number
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(directory)/sock".utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(number, 8) == 0)
        Thread.detachNewThread {
            var count = 0
            while case let connection = accept(number, nil, nil), connection >= 0 {
                let index = count
                count += 1
                Thread.detachNewThread {
                    let peer = Peer(connection)
                    try? serve(index, peer)
                    _ = shutdown(connection, Int32(SHUT_RDWR))
                    close(connection)
                }
            }
            close(number)
        }
    }

    deinit {
        // Ends the accept.
        _ = shutdown(listener, Int32(SHUT_RDWR))
        try? Files.removeTree(directory)
    }

    var target: String { "unix:\(directory)/sock" }
    var path: String { "\(directory)/sock" }

    /// One connection, seen from the server.
    final class Peer {
        private let number: Int32
        private var framer = MessageFramer()

        init(_ number: Int32) { self.number = number }

        struct Gone: Error {}

        /// The client's next message.
        func read() throws -> JSONValue {
            while true {
                if let frame = try framer.next() { return try JSONValue(parsing: frame.message) }
                var buffer = [UInt8](repeating: 0, count: 65536)
                let count = recv(number, &buffer, buffer.count, 0)
                guard count > 0 else { throw Gone() }
                framer.append(Array(buffer[..<count]))
            }
        }

        /// The next message with a method, which is checked; echo is answered in between.
        @discardableResult
        func expect(_ method: String) throws -> JSONValue {
            let message = try read()
            #expect(message["method"] == .string(method))
            return message["id"] ?? .null
        }

        func write(_ text: String) throws { try write(Array(text.utf8)) }

        func write(_ bytes: [UInt8]) throws {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Gone() }
                rest = rest.dropFirst(count)
            }
        }

        /// The schema, as a reply.
        func tellSchema() throws {
            let id = try expect("get_schema")
            try write(Transcript.schema.replacing("\"id\":1,", with: "\"id\":\(text(id)),"))
        }

        func text(_ id: JSONValue) -> String { String(decoding: id.encoded, as: UTF8.self) }

        /// Until the client closes the connection.
        func waitForEnd() throws { while true { _ = try read() } }
    }
}
