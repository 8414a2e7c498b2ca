/// What an IDS has rules for: downloads over HTTP whose last bytes are a marker, and DNS queries.
public enum SensorTraffic {
    /// How many of each there are.
    public static let rounds = 3
    /// What follows, each with its number from 1 on.
    public static let path = "/portmirror-path-"
    /// The end of a download of 1 MB.
    public static let marker = "portmirror-end-marker-"
    /// A name that is asked for.
    public static let name = "portmirror-name-"

    /// Host 1 downloads from host 2 and asks it for names, one after the other; the downloads at a pace that the
    /// receiving ends' queues stand.
    /// - Throws: ``LabError`` unless everything arrives at host 1 as it was sent: the originals were harmed.
    public static func run(_ lab: CommandLab) throws {
        let server = try lab.start(["python3", "-c", server], in: lab.host(2))
        defer { server.kill() }
        try server.waitForError(containing: "ready")
        let outcome = try lab.run(["python3", "-c", client, "\(rounds)"], in: lab.host(1), seconds: 60)
        guard outcome.succeeded else { throw LabError("the traffic of host 1 failed: \(outcome.error)\(server.error)") }
    }

    private static let server = """
        import socket, sys, threading
        listener = socket.create_server(("10.0.0.2", 80))
        names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        names.bind(("10.0.0.2", 53))
        def answer():
            while True:
                query, asker = names.recvfrom(2048)
                answer = b"\\xc0\\x0c\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x3c\\x00\\x04\\x0a\\x00\\x00\\x02"
                names.sendto(query[:2] + b"\\x81\\x80\\x00\\x01\\x00\\x01" + query[8:] + answer, asker)
        threading.Thread(target=answer, daemon=True).start()
        print("ready", file=sys.stderr, flush=True)
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.SOL_SOCKET, 47, 20000000)  # SO_MAX_PACING_RATE
            request = connection.recv(65536)
            number = request.split()[1].rpartition(b"-")[2]
            body = bytes(range(256)) * 4000 + b"\(marker)" + number
            head = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/octet-stream\\r\\nContent-Length: %d\\r\\n" % len(body)
            connection.sendall(head + b"Connection: close\\r\\n\\r\\n" + body)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
            connection.close()
        """

    private static let client = """
        import http.client, socket, sys
        for number in range(1, int(sys.argv[1]) + 1):
            connection = http.client.HTTPConnection("10.0.0.2", timeout=20)
            connection.request("GET", "\(path)%d" % number)
            body = connection.getresponse().read()
            connection.close()
            assert body == bytes(range(256)) * 4000 + b"\(marker)%d" % number, "the download is another one"
            names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            names.settimeout(5)
            labels = [b"\(name)%d" % number, b"example"]
            query = b"".join(bytes([len(label)]) + label for label in labels) + b"\\0\\0\\1\\0\\1"
            names.sendto(b"\\0%c\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" % number + query, ("10.0.0.2", 53))
            assert names.recv(2048)[1] == number, "the answer is another one"
        """
}
