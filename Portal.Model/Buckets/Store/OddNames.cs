using System.Net;
using Amazon.Runtime;
using Amazon.Runtime.EventStreams;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;
using Amazon.S3;
using Amazon.S3.Model;

namespace Portal.Model.Buckets;

/// <summary>
/// Names of objects that XML cannot spell (control characters, U+FFFE, U+FFFF), which anybody who may write into a bucket can put there.
/// RADOS Gateway spells them as they are, and a reader of XML throws. So names are asked for as addresses write them; what the gateway does
/// not write so (markers, names that are repeated) loses those characters, and where to go on is told by the last name of the list.
/// </summary>
internal static class OddNames
{
    public static void Ask(AmazonWebServiceRequest request)
    {
        switch (request)
        {
            case ListObjectsV2Request objects:
                objects.Encoding = EncodingType.Url;
                break;
            case ListVersionsRequest versions:
                versions.Encoding = EncodingType.Url;
                break;
            case ListMultipartUploadsRequest uploads:
                uploads.Encoding = EncodingType.Url;
                break;
        }
    }

    /// <summary>Whose answers repeat names. Not what an object holds, which is nobody's to change.</summary>
    public static bool MayHold(AmazonWebServiceRequest request) =>
        request
            is ListObjectsV2Request
                or ListVersionsRequest
                or ListMultipartUploadsRequest
                or ListPartsRequest
                or InitiateMultipartUploadRequest
                or CompleteMultipartUploadRequest
                or DeleteObjectsRequest;

    public static void Read(AmazonWebServiceResponse answer)
    {
        switch (answer)
        {
            case ListObjectsV2Response objects when objects.Encoding == EncodingType.Url:
                objects.S3Objects?.ForEach(found => found.Key = Of(found.Key));
                objects.CommonPrefixes = objects.CommonPrefixes?.ConvertAll(Of);
                objects.NextContinuationToken = Next(
                    objects.NextContinuationToken,
                    objects.S3Objects?.LastOrDefault()?.Key,
                    objects.CommonPrefixes?.LastOrDefault()
                );
                break;
            case ListVersionsResponse versions when versions.Encoding == EncodingType.Url:
                versions.Versions?.ForEach(found => found.Key = Of(found.Key));
                versions.CommonPrefixes = versions.CommonPrefixes?.ConvertAll(Of);
                versions.NextKeyMarker = Next(
                    versions.NextKeyMarker,
                    versions.Versions?.LastOrDefault()?.Key,
                    versions.CommonPrefixes?.LastOrDefault()
                );
                break;
            case ListMultipartUploadsResponse uploads:
                // RADOS Gateway writes them so and does not say it.
                uploads.MultipartUploads?.ForEach(found => found.Key = Of(found.Key));
                break;
        }
    }

    private static string Of(string name) => WebUtility.UrlDecode(name);

    /// <summary>A marker that may have lost something is the last name, as RADOS Gateway's always are.</summary>
    private static string? Next(string? marker, string? lastName, string? lastFolder) =>
        marker is null || !marker.Any(c => c is '\uFFFD' || char.IsControl(c)) ? marker
        : lastName is null ? lastFolder
        : lastFolder is null ? lastName
        : KeyOrder.Instance.Compare(lastName, lastFolder) >= 0 ? lastName
        : lastFolder;
}

/// <summary>Around a request and what was read of its answer.</summary>
internal sealed class OddNamesInLists : PipelineHandler
{
    public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        OddNames.Ask(executionContext.RequestContext.OriginalRequest);
        var answer = await base.InvokeAsync<T>(executionContext);
        OddNames.Read(executionContext.ResponseContext.Response);
        return answer;
    }
}

/// <summary>Just before an answer is read.</summary>
internal sealed class OddNamesInAnswers : PipelineHandler
{
    public override async Task<T> InvokeAsync<T>(IExecutionContext executionContext)
    {
        var answer = await base.InvokeAsync<T>(executionContext);
        if (OddNames.MayHold(executionContext.RequestContext.OriginalRequest))
        {
            executionContext.ResponseContext.HttpResponse = new Readable(executionContext.ResponseContext.HttpResponse);
        }

        return answer;
    }

    /// <summary>The same answer without what no XML holds.</summary>
    private sealed class Readable(IWebResponseData whole) : IWebResponseData, IHttpResponseBody
    {
        public long ContentLength => whole.ContentLength;

        public string ContentType => whole.ContentType;

        public HttpStatusCode StatusCode => whole.StatusCode;

        public bool IsSuccessStatusCode => whole.IsSuccessStatusCode;

        public IHttpResponseBody ResponseBody => this;

        public string[] GetHeaderNames() => whole.GetHeaderNames();

        public bool IsHeaderPresent(string headerName) => whole.IsHeaderPresent(headerName);

        public string GetHeaderValue(string headerName) => whole.GetHeaderValue(headerName);

        public IEventStreamHeader GetEventStreamHeader(string headerName) => whole.GetEventStreamHeader(headerName);

        public bool IsEventHeaderPresent(string headerName) => whole.IsEventHeaderPresent(headerName);

        public Stream OpenResponse()
        {
            using var stream = whole.ResponseBody.OpenResponse();
            var read = new MemoryStream();
            stream.CopyTo(read);
            return Mended(read);
        }

        public async Task<Stream> OpenResponseAsync()
        {
            await using var stream = await whole.ResponseBody.OpenResponseAsync();
            var read = new MemoryStream();
            await stream.CopyToAsync(read);
            return Mended(read);
        }

        public void Dispose() => whole.ResponseBody.Dispose();

        /// <summary>
        /// In UTF-8 U+FFFE and U+FFFF are EF BF BE and EF BF BF, and what stands for any that cannot be shown is EF BF BD.
        /// </summary>
        private static MemoryStream Mended(MemoryStream read)
        {
            var bytes = read.GetBuffer().AsSpan(0, (int)read.Length);
            for (var at = 0; at + 2 < bytes.Length; at++)
            {
                var next = bytes[at..].IndexOf((ReadOnlySpan<byte>)[0xEF, 0xBF]);
                if (next < 0 || at + next + 2 >= bytes.Length)
                {
                    break;
                }

                at += next + 2;
                bytes[at] = bytes[at] is 0xBE or 0xBF ? (byte)0xBD : bytes[at];
            }

            read.Position = 0;
            return read;
        }
    }
}
