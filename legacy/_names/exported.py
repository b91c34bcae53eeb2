"""Names that `from keras... import *` bound in Keras 2.2.4, by module, including names that the module imported."""

EXPORTED = {
    "": """Input Model Sequential activations applications backend callbacks constraints datasets engine
        initializers layers legacy losses metrics models optimizers preprocessing regularizers utils wrappers""",
    "activations": """K Layer deserialize deserialize_keras_object elu exponential get hard_sigmoid linear relu selu
        serialize sigmoid six softmax softplus softsign tanh warnings""",
    "applications": """DenseNet121 DenseNet169 DenseNet201 InceptionResNetV2 InceptionV3 MobileNet MobileNetV2
        NASNetLarge NASNetMobile ResNet50 VGG16 VGG19 Xception backend densenet inception_resnet_v2 inception_v3
        keras_applications keras_modules_injection layers mobilenet mobilenet_v2 models nasnet resnet50 utils vgg16
        vgg19 xception""",
    "applications.densenet": """DenseNet121 DenseNet169 DenseNet201 decode_predictions densenet
        keras_modules_injection preprocess_input""",
    "applications.imagenet_utils": "decode_predictions imagenet_utils keras_modules_injection preprocess_input",
    "applications.inception_resnet_v2": """InceptionResNetV2 decode_predictions inception_resnet_v2
        keras_modules_injection preprocess_input""",
    "applications.inception_v3": "InceptionV3 decode_predictions inception_v3 keras_modules_injection preprocess_input",
    "applications.mobilenet": "MobileNet decode_predictions keras_modules_injection mobilenet preprocess_input",
    "applications.mobilenet_v2": "MobileNetV2 decode_predictions keras_modules_injection mobilenet_v2 preprocess_input",
    "applications.mobilenetv2": "MobileNetV2 decode_predictions keras_modules_injection mobilenet_v2 preprocess_input",
    "applications.nasnet": """NASNetLarge NASNetMobile decode_predictions keras_modules_injection nasnet
        preprocess_input""",
    "applications.resnet50": "ResNet50 decode_predictions keras_modules_injection preprocess_input resnet50",
    "applications.vgg16": "VGG16 decode_predictions keras_modules_injection preprocess_input vgg16",
    "applications.vgg19": "VGG19 decode_predictions keras_modules_injection preprocess_input vgg19",
    "applications.xception": "Xception decode_predictions keras_modules_injection preprocess_input xception",
    "backend": """Function StrictVersion abs all any arange argmax argmin backend batch_dot batch_flatten
        batch_get_value batch_normalization batch_set_value bias_add binary_crossentropy cast cast_to_floatx
        categorical_crossentropy clear_session clip common concatenate config_pb2 constant control_flow_ops conv1d
        conv2d conv2d_transpose conv3d conv3d_transpose cos count_params ctc ctc_batch_cost ctc_decode
        ctc_label_dense_to_sparse cumprod cumsum defaultdict depthwise_conv2d device_lib dot dropout dtype elu
        epsilon equal eval exp expand_dims eye f flatten floatx foldl foldr function functional_ops gather
        get_session get_uid get_value get_variable_shape gradients greater greater_equal hard_sigmoid has_arg
        identity image_data_format image_dim_ordering importlib in_test_phase in_top_k in_train_phase int_shape
        is_keras_tensor is_placeholder is_sparse is_tensor json l2_normalize learning_phase less less_equal
        local_conv1d local_conv2d log logsumexp manual_variable_initialization map_fn max maximum mean min minimum
        moving_average_update moving_averages name_scope ndim normalize_batch_in_training normalize_data_format
        not_equal np one_hot ones ones_like os permute_dimensions placeholder pool2d pool3d pow print_tensor prod
        py_all py_any py_slice py_sum random_binomial random_normal random_normal_variable random_uniform
        random_uniform_variable relu repeat repeat_elements reset_uids reshape resize_images resize_volumes reverse
        rnn round separable_conv1d separable_conv2d set_epsilon set_floatx set_image_data_format
        set_image_dim_ordering set_learning_phase set_session set_value shape sigmoid sign sin slice softmax
        softplus softsign sparse_categorical_crossentropy spatial_2d_padding spatial_3d_padding sqrt square squeeze
        stack std stop_gradient sum switch sys tanh temporal_padding tensor_array_ops tensorflow_backend tf tf_ops
        tile to_dense transpose transpose_shape truncated_normal update update_add update_sub var variable zeros
        zeros_like""",
    "backend.common": """cast_to_floatx epsilon floatx image_data_format image_dim_ordering normalize_data_format np
        set_epsilon set_floatx set_image_data_format set_image_dim_ordering""",
    "backend.tensorflow_backend": """Function StrictVersion abs all any arange argmax argmin batch_dot batch_flatten
        batch_get_value batch_normalization batch_set_value bias_add binary_crossentropy cast
        categorical_crossentropy clear_session clip concatenate config_pb2 constant control_flow_ops conv1d conv2d
        conv2d_transpose conv3d conv3d_transpose cos count_params ctc ctc_batch_cost ctc_decode
        ctc_label_dense_to_sparse cumprod cumsum defaultdict depthwise_conv2d device_lib dot dropout dtype elu
        epsilon equal eval exp expand_dims eye flatten floatx foldl foldr function functional_ops gather get_session
        get_uid get_value get_variable_shape gradients greater greater_equal hard_sigmoid has_arg identity
        image_dim_ordering in_test_phase in_top_k in_train_phase int_shape is_keras_tensor is_placeholder is_sparse
        is_tensor l2_normalize learning_phase less less_equal local_conv1d local_conv2d log logsumexp
        manual_variable_initialization map_fn max maximum mean min minimum moving_average_update moving_averages
        name_scope ndim normalize_batch_in_training normalize_data_format not_equal np one_hot ones ones_like os
        permute_dimensions placeholder pool2d pool3d pow print_tensor prod py_all py_any py_slice py_sum
        random_binomial random_normal random_normal_variable random_uniform random_uniform_variable relu repeat
        repeat_elements reset_uids reshape resize_images resize_volumes reverse rnn round separable_conv1d
        separable_conv2d set_image_dim_ordering set_learning_phase set_session set_value shape sigmoid sign sin
        slice softmax softplus softsign sparse_categorical_crossentropy spatial_2d_padding spatial_3d_padding sqrt
        square squeeze stack std stop_gradient sum switch tanh temporal_padding tensor_array_ops tf tf_ops tile
        to_dense transpose transpose_shape truncated_normal update update_add update_sub var variable zeros
        zeros_like""",
    "callbacks": """BaseLogger CSVLogger Callback CallbackList EarlyStopping History Iterable K LambdaCallback
        LearningRateScheduler ModelCheckpoint OrderedDict Progbar ProgbarLogger ReduceLROnPlateau RemoteMonitor
        TensorBoard TerminateOnNaN csv deque io json np os requests six standardize_input_data sys time warnings""",
    "constraints": """Constraint K MaxNorm MinMaxNorm NonNeg UnitNorm deserialize deserialize_keras_object get
        max_norm maxnorm min_max_norm non_neg nonneg serialize serialize_keras_object six unit_norm unitnorm""",
    "datasets": "boston_housing cifar cifar10 cifar100 fashion_mnist imdb mnist reuters",
    "datasets.boston_housing": "get_file load_data np",
    "datasets.cifar": "cPickle load_batch sys",
    "datasets.cifar10": "K get_file load_batch load_data np os",
    "datasets.cifar100": "K get_file load_batch load_data np os",
    "datasets.fashion_mnist": "get_file gzip load_data np os",
    "datasets.imdb": "get_file get_word_index json load_data np warnings",
    "datasets.mnist": "get_file load_data np",
    "datasets.reuters": "get_file get_word_index json load_data np warnings",
    "engine": """Input InputLayer InputSpec Layer Model base_layer get_source_inputs input_layer network saving
        sequential training training_arrays training_generator training_utils""",
    "engine.base_layer": """InputSpec K Layer Node copy count_params has_arg initializers interfaces is_all_none
        object_list_uid re to_list unpack_singleton zip""",
    "engine.input_layer": "Input InputLayer K Layer Node interfaces unpack_singleton",
    "engine.network": """InputLayer K Layer Network Node ask_to_proceed_with_overwrite copy get_source_inputs h5py
        has_arg interfaces json np object_list_uid os print_layer_summary saving to_list unpack_singleton warnings
        yaml zip""",
    "engine.saving": """HDF5_OBJECT_HEADER_LIMIT K ask_to_proceed_with_overwrite conv_utils h5dict h5py json
        load_attributes_from_hdf5_group load_model load_weights_from_hdf5_group load_weights_from_hdf5_group_by_name
        model_from_config model_from_json model_from_yaml np optimizers os pickle_model
        preprocess_weights_for_loading save_attributes_to_hdf5_group save_model save_weights_to_hdf5_group
        unpickle_model warnings yaml zip""",
    "engine.sequential": "Input InputLayer K Layer Model Sequential copy h5py layer_module network warnings",
    "engine.topology": "Input InputLayer InputSpec Layer Network Node get_source_inputs",
    "engine.training": """K Layer Model Network check_array_length_consistency check_loss_and_target_compatibility
        collect_metrics copy interfaces losses metrics_module np optimizers slice_arrays standardize_class_weights
        standardize_input_data standardize_sample_weights standardize_weights to_list training_arrays
        training_generator unpack_singleton warnings weighted_masked_objective""",
    "engine.training_arrays": """K Progbar batch_shuffle cbks check_num_samples fit_loop issparse make_batches np
        predict_loop slice_arrays test_loop to_list unpack_singleton""",
    "engine.training_generator": """GeneratorEnqueuer K OrderedEnqueuer Progbar Sequence cbks evaluate_generator
        fit_generator iter_sequence_infinite np predict_generator to_list unpack_singleton warnings""",
    "engine.training_utils": """K batch_shuffle check_array_length_consistency check_loss_and_target_compatibility
        check_num_samples collect_metrics copy iter_sequence_infinite losses make_batches np
        standardize_class_weights standardize_input_data standardize_sample_or_class_weights
        standardize_sample_weights standardize_single_array standardize_weights to_list warnings
        weighted_masked_objective""",
    "initializers": """Constant Identity Initializer K Ones Orthogonal RandomNormal RandomUniform TruncatedNormal
        VarianceScaling Zeros constant deserialize deserialize_keras_object get glorot_normal glorot_uniform
        he_normal he_uniform identity lecun_normal lecun_uniform normal np one ones orthogonal random_normal
        random_uniform serialize serialize_keras_object six truncated_normal uniform zero zeros""",
    "layers": """Activation ActivityRegularization Add AlphaDropout AtrousConv1D AtrousConv2D AtrousConvolution1D
        AtrousConvolution2D Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
        BatchNormalization Bidirectional Concatenate Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM2D
        ConvLSTM2DCell ConvRNN2D ConvRecurrent2D Convolution1D Convolution2D Convolution2DTranspose Convolution3D
        Cropping1D Cropping2D Cropping3D CuDNNGRU CuDNNLSTM Deconv2D Deconv3D Deconvolution2D Deconvolution3D Dense
        DepthwiseConv2D Dot Dropout ELU Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
        GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
        GlobalMaxPooling3D Highway Input InputLayer InputSpec K LSTM LSTMCell Lambda Layer LeakyReLU
        LocallyConnected1D LocallyConnected2D Masking MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D
        MaxPooling3D Maximum MaxoutDense Minimum Multiply PReLU Permute RNN ReLU Recurrent RepeatVector Reshape
        SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell
        Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D StackedRNNCells Subtract ThresholdedReLU
        TimeDistributed UpSampling1D UpSampling2D UpSampling3D Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D
        activations add advanced_activations average concatenate constraints conv_utils convolutional
        convolutional_recurrent copy core cudnn_recurrent deserialize deserialize_keras_object dot embeddings
        func_dump func_load has_arg initializers interfaces local maximum merge minimum multiply namedtuple noise
        normalization np object_list_uid pooling python_types recurrent regularizers serialize subtract to_list
        transpose_shape warnings wrappers""",
    "layers.advanced_activations": """ELU InputSpec K Layer LeakyReLU PReLU ReLU Softmax ThresholdedReLU activations
        constraints initializers interfaces regularizers to_list""",
    "layers.convolutional": """AtrousConv1D AtrousConv2D AtrousConvolution1D AtrousConvolution2D AveragePooling1D
        AveragePooling2D AveragePooling3D Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose Convolution1D
        Convolution2D Convolution2DTranspose Convolution3D Cropping1D Cropping2D Cropping3D Deconv2D Deconv3D
        Deconvolution2D Deconvolution3D DepthwiseConv2D InputSpec K Layer MaxPooling1D MaxPooling2D MaxPooling3D
        SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D UpSampling1D UpSampling2D
        UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D activations constraints conv_utils initializers
        interfaces regularizers transpose_shape""",
    "layers.convolutional_recurrent": """ConvLSTM2D ConvLSTM2DCell ConvRNN2D ConvRecurrent2D InputSpec K Layer RNN
        Recurrent activations constraints conv_utils has_arg initializers interfaces np regularizers to_list
        transpose_shape warnings""",
    "layers.core": """Activation ActivityRegularization Dense Dropout Flatten InputSpec K Lambda Layer Masking
        Permute RepeatVector Reshape SpatialDropout1D SpatialDropout2D SpatialDropout3D activations constraints
        conv_utils copy deserialize_keras_object func_dump func_load has_arg initializers interfaces np python_types
        regularizers warnings""",
    "layers.cudnn_recurrent": "CuDNNGRU CuDNNLSTM InputSpec K RNN constraints initializers namedtuple regularizers",
    "layers.embeddings": "Embedding K Layer constraints initializers interfaces regularizers to_list",
    "layers.local": """InputSpec K Layer LocallyConnected1D LocallyConnected2D activations constraints conv_utils
        initializers interfaces regularizers""",
    "layers.merge": """Add Average Concatenate Dot K Layer Maximum Minimum Multiply Subtract add average concatenate
        dot maximum minimum multiply subtract""",
    "layers.noise": "AlphaDropout GaussianDropout GaussianNoise K Layer interfaces np",
    "layers.normalization": "BatchNormalization InputSpec K Layer constraints initializers interfaces regularizers",
    "layers.pooling": """AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
        GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
        GlobalMaxPooling3D InputSpec K Layer MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D
        conv_utils interfaces""",
    "layers.recurrent": """GRU GRUCell InputSpec K LSTM LSTMCell Layer RNN Recurrent SimpleRNN SimpleRNNCell
        StackedRNNCells activations constraints has_arg initializers interfaces np regularizers to_list warnings""",
    "layers.wrappers": "Bidirectional InputSpec K Layer TimeDistributed Wrapper copy has_arg object_list_uid recurrent",
    "legacy": "interfaces layers",
    "legacy.interfaces": """add_weight_args_preprocessing batchnorm_args_preprocessor conv1d_args_preprocessor
        conv2d_args_preprocessor conv3d_args_preprocessor convlstm2d_args_preprocessor deconv2d_args_preprocessor
        embedding_kwargs_preprocessor functools generate_legacy_interface generate_legacy_method_interface
        generator_methods_args_preprocessor get_updates_arg_preprocessing legacy_add_weight_support
        legacy_batchnorm_support legacy_conv1d_support legacy_conv2d_support legacy_conv3d_support
        legacy_convlstm2d_support legacy_cropping2d_support legacy_cropping3d_support legacy_deconv2d_support
        legacy_dense_support legacy_dropout_support legacy_embedding_support legacy_gaussiandropout_support
        legacy_gaussiannoise_support legacy_generator_methods_support legacy_get_updates_support
        legacy_global_pooling_support legacy_input_support legacy_lambda_support legacy_model_constructor_support
        legacy_pooling1d_support legacy_pooling2d_support legacy_pooling3d_support legacy_prelu_support
        legacy_recurrent_support legacy_separable_conv2d_support legacy_spatialdropout1d_support
        legacy_spatialdropoutNd_support legacy_upsampling1d_support legacy_upsampling2d_support
        legacy_upsampling3d_support legacy_zeropadding2d_support legacy_zeropadding3d_support np
        raise_duplicate_arg_error recurrent_args_preprocessor separable_conv2d_args_preprocessor six warnings
        zeropadding2d_args_preprocessor""",
    "legacy.layers": """AtrousConvolution1D AtrousConvolution2D ConvRecurrent2D Highway InputSpec K Layer
        MaxoutDense Recurrent activations constraints conv_utils initializers np regularizers to_list warnings""",
    "losses": """K KLD MAE MAPE MSE MSLE binary_crossentropy categorical_crossentropy categorical_hinge cosine
        cosine_proximity deserialize deserialize_keras_object get hinge kld kullback_leibler_divergence logcosh mae
        mape mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
        mse msle poisson serialize serialize_keras_object six sparse_categorical_crossentropy squared_hinge""",
    "metrics": """K MAE MAPE MSE MSLE binary_accuracy binary_crossentropy categorical_accuracy
        categorical_crossentropy cosine cosine_proximity deserialize deserialize_keras_object get hinge
        kullback_leibler_divergence logcosh mae mape mean_absolute_error mean_absolute_percentage_error
        mean_squared_error mean_squared_logarithmic_error mse msle poisson serialize serialize_keras_object six
        sparse_categorical_accuracy sparse_categorical_crossentropy sparse_top_k_categorical_accuracy squared_hinge
        top_k_categorical_accuracy""",
    "models": """Input InputLayer K Model Sequential clone_model h5py has_arg load_model model_from_config
        model_from_json model_from_yaml save_model to_list""",
    "objectives": """K KLD MAE MAPE MSE MSLE binary_crossentropy categorical_crossentropy categorical_hinge cosine
        cosine_proximity deserialize deserialize_keras_object get hinge kld kullback_leibler_divergence logcosh mae
        mape mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
        mse msle poisson serialize serialize_keras_object six sparse_categorical_crossentropy squared_hinge""",
    "optimizers": """Adadelta Adagrad Adam Adamax K Nadam Optimizer RMSprop SGD TFOptimizer adadelta adagrad adam
        adamax clip_norm copy deserialize deserialize_keras_object get interfaces nadam rmsprop serialize
        serialize_keras_object sgd six tf zip""",
    "preprocessing": "backend image keras_preprocessing sequence text utils",
    "preprocessing.image": """DirectoryIterator ImageDataGenerator Iterator NumpyArrayIterator
        apply_affine_transform apply_brightness_shift apply_channel_shift array_to_img backend image img_to_array
        inspect load_img random_brightness random_channel_shift random_rotation random_shear random_shift
        random_zoom save_img utils""",
    "preprocessing.sequence": "TimeseriesGenerator make_sampling_table pad_sequences sequence skipgrams utils",
    "preprocessing.text": "Tokenizer hashing_trick one_hot text text_to_word_sequence",
    "regularizers": """K L1L2 Regularizer deserialize deserialize_keras_object get l1 l1_l2 l2 serialize
        serialize_keras_object six""",
    "utils": """CustomObjectScope GeneratorEnqueuer HDF5Matrix OrderedEnqueuer Progbar Sequence conv_utils
        convert_all_kernels_in_model custom_object_scope data_utils deserialize_keras_object generic_utils
        get_custom_objects get_file get_source_inputs h5dict io_utils layer_utils multi_gpu_model multi_gpu_utils
        normalize np_utils plot_model print_summary serialize_keras_object to_categorical vis_utils""",
    "utils.conv_utils": """K conv_input_length conv_output_length convert_kernel deconv_length normalize_padding
        normalize_tuple np range""",
    "utils.data_utils": """GeneratorEnqueuer HTTPError OrderedEnqueuer Progbar Sequence SequenceEnqueuer ThreadPool
        URLError abstractmethod closing get_file get_index hashlib init_pool init_pool_generator mp next_sample np
        os queue random shutil six sys tarfile threading time urlopen urlretrieve validate_file warnings zipfile""",
    "utils.generic_utils": """CustomObjectScope Progbar binascii codecs collections custom_object_scope
        deserialize_keras_object func_dump func_load get_custom_objects has_arg inspect is_all_none marshal np
        object_list_uid python_types serialize_keras_object six slice_arrays sys time to_list transpose_shape
        unpack_singleton""",
    "utils.io_utils": """H5Dict HDF5Matrix HDF5_OBJECT_HEADER_LIMIT ask_to_proceed_with_overwrite defaultdict h5dict
        h5py np pickle six sys""",
    "utils.layer_utils": """K convert_all_kernels_in_model convert_dense_weights_data_format convert_kernel
        count_params get_source_inputs np print_summary""",
    "utils.multi_gpu_utils": "K Lambda Model clone_model concatenate multi_gpu_model to_list",
    "utils.np_utils": "normalize np to_categorical",
    "utils.test_utils": "Input K Model assert_allclose get_test_data has_arg layer_test np",
    "utils.training_utils": "K Lambda Model concatenate multi_gpu_model",
    "utils.vis_utils": "model_to_dot os plot_model pydot",
    "wrappers": "",
    "wrappers.scikit_learn": """BaseWrapper KerasClassifier KerasRegressor Sequential copy has_arg np to_categorical
        to_list types""",
}
