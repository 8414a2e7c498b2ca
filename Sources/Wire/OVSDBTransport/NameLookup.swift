import EventLoop
import LinuxSystem

/// A host's name that is looked up on a thread of its own: the C library waits for name servers as long as it likes.
final class NameLookup {
    typealias Outcome = Result<[SocketAddress], SocketAddress.Unknown>

    private let watch: Watch

    /// - Parameter tell: once, on the loop, unless this value goes before; the thread ends by itself then.
    init(_ host: String, port: Int, on loop: EventLoop, _ tell: @escaping (Outcome) -> Void) throws(SystemError) {
        let bell = try Bell()
        let answer = Mailbox<Outcome>()
        watch = try loop.watch(bell.number) { _ in
            bell.silence()
            if let outcome = answer.take(waiting: 0) { tell(outcome) }
        }
        try OwnThread.detach {
            ThisProcess.blockSignalsOnThisThread()
            do throws(SocketAddress.Unknown) {
                answer.put(.success(try SocketAddress.lookUp(host, port: port)))
            } catch {
                answer.put(.failure(error))
            }
            bell.ring()
        }
    }
}
