using System.Runtime.InteropServices;
using Portal.Model.Shared;
using Portal.Worker.Engines.Libvirt;

namespace Portal.Worker.Engines;

/// <summary><c>Portal.Worker publish STATE</c>, see <see cref="PortPublisher"/>. Ends on SIGTERM.</summary>
public static class PublishCommand
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ["publish", var folder])
        {
            await Console.Error.WriteLineAsync("usage: Portal.Worker publish STATE");
            return 2;
        }

        using var ending = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        try
        {
            return await new PortPublisher(new EngineFolder(folder)).RunAsync(ending.Token);
        }
        catch (EngineException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            ending.Cancel();
        }
    }
}
