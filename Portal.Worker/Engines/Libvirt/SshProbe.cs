using System.Net;
using System.Net.Sockets;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Asks a guest's port 22 for its banner, from inside its network's router.</summary>
internal static class SshProbe
{
    /// <summary>A guest that is up answers over a local bridge in a millisecond or a few; one that is still booting not at all.</summary>
    private static readonly TimeSpan ToConnect = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan ToGreet = TimeSpan.FromMilliseconds(250);

    public static async Task<bool> AnswersAsync(string router, IPAddress address, CancellationToken ct)
    {
        try
        {
            using var socket = await NetworkNamespace.SocketAsync(router);
            socket.SetRawSocketOption(SolSocket, SoMark, BitConverter.GetBytes(NetworkRules.ProbeMark));
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
            patience.CancelAfter(ToConnect);
            await socket.ConnectAsync(new IPEndPoint(address, 22), patience.Token);
            patience.CancelAfter(ToGreet);
            var banner = new byte[4];
            for (var got = 0; got < banner.Length;)
            {
                var count = await socket.ReceiveAsync(banner.AsMemory(got), patience.Token);
                if (count == 0)
                {
                    return false;
                }

                got += count;
            }

            return banner.AsSpan().SequenceEqual("SSH-"u8);
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    private const int SolSocket = 1;

    private const int SoMark = 36;
}
