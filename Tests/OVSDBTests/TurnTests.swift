import LinuxSystem
import OVSDB
import Testing

@testable import OVSDBTransport

/// Threads that wait take turns at reading and at keeping the time.
struct TurnTests {
    private func carrier(_ server: ScriptedServer) -> LocalCarrier {
        let carrier = LocalCarrier(hasThread: false)
        carrier.connect(to: .unix(path: server.path), timeout: .seconds(5)) { _ in }
        return carrier
    }

    @Test func `whoever leaves just as it is to read passes that on`() throws {
        let server = try ScriptedServer { _, peer in try peer.waitForEnd() }
        for _ in 0..<40 {
            let carrier = carrier(server)
            let (driver, first, last) = (Waiter(), Waiter(), Waiter())
            let begin = ContinuousClock.now
            func start(_ waiter: Waiter) throws -> OwnThread.Running<Void> {
                try OwnThread.start { carrier.wait(for: waiter, until: begin + .seconds(5)) }
            }
            var threads = [try start(driver)]
            // Each waits before the next one does.
            ThisProcess.pause(milliseconds: 2)
            threads.append(try start(first))
            ThisProcess.pause(milliseconds: 2)
            threads.append(try start(last))
            // The driver fires the last one, which it hands over to next, and leaves itself.
            carrier.after(.milliseconds(10)) {
                last.fire()
                driver.fire()
            }
            // This takes somebody who keeps the time.
            carrier.after(.milliseconds(20)) { first.fire() }
            for thread in threads { try thread.wait() }
            #expect(.now - begin < .seconds(3))
        }
    }

    @Test func `what a network's server is isn't a UNIX socket's affair`() {
        let told = Mailbox<Bool>()
        LocalCarrier(hasThread: false).connect(to: .tcp(host: "127.0.0.1", port: 1), timeout: .seconds(1)) { event in
            if case .ended = event { told.put(true) } else { told.put(false) }
        }
        #expect(told.take(waiting: 0) == true)
    }
}
