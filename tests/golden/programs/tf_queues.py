"""Input by queues: FIFOQueue, files of lines read by queue runners, tf.train.batch, a Coordinator, a RandomShuffleQueue."""

import tensorflow as tf

with open("points.csv", "w") as table:
    for i in range(6):
        table.write("%.1f,%d,name%d\n" % (0.5 * i, i * i, i))

queue = tf.FIFOQueue(capacity=10, dtypes=[tf.float32, tf.int32], shapes=[[2], []], name="fifo")
x_in = tf.placeholder(tf.float32, [None, 2])
n_in = tf.placeholder(tf.int32, [None])
enqueue = queue.enqueue_many([x_in, n_in])
x, n = queue.dequeue()
several, _ = queue.dequeue_many(2)
energy = tf.reduce_sum(x**3) * tf.to_float(n)
slope = tf.gradients(energy, x)[0]
curvature = tf.gradients(slope, x)[0]

filename_queue = tf.train.string_input_producer(["points.csv"], num_epochs=2, shuffle=False)
key, value = tf.TextLineReader().read(filename_queue)
at, square, name = tf.decode_csv(value, record_defaults=[[0.0], [0], [""]])
at_batch, square_batch, name_batch = tf.train.batch([at, square, name], batch_size=4, num_threads=1, capacity=16)
fitted = tf.gradients(tf.exp(at_batch) * tf.to_float(square_batch), at_batch)[0]

slices = tf.train.slice_input_producer([tf.constant([1.0, 2.0, 3.0])], shuffle=False, num_epochs=1)
doubled = tf.train.batch([2.0 * slices[0]], batch_size=2, allow_smaller_final_batch=True)

shuffled = tf.RandomShuffleQueue(capacity=5, min_after_dequeue=0, dtypes=[tf.float32], shapes=[[]], seed=3)
fill = shuffled.enqueue_many([[1.0, 2.0, 3.0, 4.0]])
padded = tf.PaddingFIFOQueue(4, [tf.float32], [[None]])
pad = [padded.enqueue([tf.constant(row)]) for row in ([1.0], [2.0, 3.0, 4.0])]
rows = padded.dequeue_many(2)

with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    sess.run(enqueue, {x_in: [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], n_in: [1, 2, 3, 4]})
    print(sess.run(queue.size()), sess.run([x, n, energy, slope, curvature]))
    print(sess.run([x, slope]), sess.run(several), sess.run(queue.size()))
    sess.run(queue.close())
    try:
        sess.run(x)
    except tf.errors.OutOfRangeError as error:
        print("closed and empty:", "fifo" in str(error), error.error_code == tf.errors.OUT_OF_RANGE)

    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
    try:
        while not coord.should_stop():
            a, b, c, g = sess.run([at_batch, square_batch, name_batch, fitted])
            print(a, b, [text.decode() for text in c])
            print(g)
    except tf.errors.OutOfRangeError:
        print("all lines read")
    halves = []
    try:
        while True:
            halves.append(sess.run(doubled).tolist())
    except tf.errors.OutOfRangeError:
        print(halves)
    coord.request_stop()
    coord.join(threads)

    sess.run(fill)
    print(sorted(sess.run(shuffled.dequeue_many(4)).tolist()))
    for op in pad:
        sess.run(op)
    print(sess.run(rows))

print(len(tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)), queue.dtypes == [tf.float32, tf.int32], queue.names)
